"""The installation that the shops of this folder report to, and what the partners were told in the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from tasks.dead_letters.finding import Filters, find_dead
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from worker.dev.sandbox import Sandbox
    from worker.dev.sandbox.books import Call

TOKEN: Final = "token-of-the-shop-that-pastes"
SECRET: Final = "whsec_c2VjcmV0LW9mLXRoZS1zaG9wLXRoYXQtcGFzdGVz"
UK: Final = Shop("uk", number="4711", api_key="key-of-uk", more={"TOKEN": TOKEN, "WEBHOOK_SECRET": SECRET})


class Told(NamedTuple):
    """What a partner was told of a code: Sovendus may hear whose order it was, Uniqodo hears key and discount."""

    order_value: str | None
    currency: str | None
    email_hash: str | None = None
    key: str | None = None
    discount: str | None = None


class House:
    """`redeem serve`, a worker, and both partners. A context manager; `door` is where shops hand in over HTTP."""

    def __init__(self, broker_url: str, partners: Sandbox, directory: Path) -> None:
        self._partners = partners
        self.system = System(broker_url, partners.url, [UK], directory, FAST)
        self._worker = self.system.worker()
        self.door = self.system.web()

    def __enter__(self) -> Self:
        self._worker.launch()
        self.door.launch()
        try:
            self._worker.until_ready()
            self.door.until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.door.kill()
        self._worker.kill()
        self.system.__exit__(None, None, None)

    def reported(self, order_id: str, codes: int = 1) -> Mapping[tuple[str | None, str | None], Told]:
        """What the partners were told of an order, once they know of so many codes; each of them once."""
        self._partners.wait_for_redemptions(codes, order_id=order_id)
        calls = self._partners.calls(order_id=order_id)
        assert len(calls) == codes, calls
        return {(call.partner, call.code): _told(call) for call in calls}

    def was_told_nothing(self, order_id: str) -> bool:
        """Whether neither the partners nor the ledger know the order."""
        return not self._partners.calls(order_id=order_id) and not self.reasons(order_id)

    def reasons(self, order_id: str) -> list[str | None]:
        """Why the order's dead letters are dead."""
        return [one.reason for one in find_dead(self.system.ledger, Filters(order=order_id))]


def _told(call: Call) -> Told:
    if call.partner == "sovendus":
        return Told(call.order_value, call.currency, json.loads(call.body).get("email_hash"))
    key, discount = call.query.get("valKey"), call.query["discount"]
    return Told(call.order_value, call.currency, key=key, discount=discount)
