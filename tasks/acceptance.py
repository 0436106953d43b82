"""Accepting events: the one step behind every door. What this returned is in the ledger, so it cannot be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice

from celery import Celery

from tasks.intake import plan_order
from tasks.ledger import Opened, Opening, Planned
from tasks.orders import Order
from tasks.persistence import until_recorded
from tasks.runtime import Runtime

_PATIENCE = 20.0  # seconds to wait for the broker before the door says that it cannot take the order


@dataclass(frozen=True)
class Accepted:
    """An order whose redemptions the ledger holds; `opened` is empty where no partner is concerned."""

    order: Order
    opened: tuple[Opened, ...]

    def count(self, *results: str) -> int:
        """How many redemptions ended in one of these results."""
        return sum(one.result in results for one in self.opened)


def accept_all(
    app: Celery, runtime: Runtime, orders: Sequence[Order], *, patience: float = _PATIENCE, confirm: bool = True
) -> list[Accepted]:
    """Open the redemptions of several orders, all of them or none, and ring for the new ones; otherwise as `accept`.

    Redis does nothing else meanwhile: about 0.1 ms a redemption, so a thousand orders at once are the most to hand in.
    """
    now = datetime.now(UTC)
    plans = [plan_order(order, runtime.settings, now=now) for order in orders]
    opened = iter(open_and_ring(app, runtime, [*chain.from_iterable(plans)], patience=patience, confirm=confirm))
    return [Accepted(order, tuple(islice(opened, len(plan)))) for order, plan in zip(orders, plans, strict=True)]


def accept(
    app: Celery, runtime: Runtime, order: Order, *, patience: float = _PATIENCE, confirm: bool = True
) -> Accepted:
    """Open the order's redemptions, all or none, and ring for the new ones.

    `confirm`: ask Redis afterwards whether it could write them to its file, which costs another command.
    Raises redis.RedisError when the broker does not take them within `patience` seconds: then nothing is promised,
    and handing the same order in again is right.
    """
    (accepted,) = accept_all(app, runtime, [order], patience=patience, confirm=confirm)
    return accepted


def open_and_ring(
    _app: Celery, runtime: Runtime, planned: Sequence[Planned], *, patience: float = _PATIENCE, confirm: bool = True
) -> tuple[Opened, ...]:
    """Open redemptions as planned, all or none, and ring for the new ones; otherwise as `accept`."""
    return tuple(open_prepared(runtime, Opening(planned), patience=patience, confirm=confirm))


def open_prepared(
    runtime: Runtime, opening: Opening, *, patience: float = _PATIENCE, confirm: bool = True
) -> list[Opened]:
    """The same of what is worked out already."""
    if not opening.planned:
        return []

    def opened_and_written() -> list[Opened]:
        opened = runtime.ledger.open_prepared(opening)
        if confirm:
            runtime.ledger.confirm_written()  # or it is opened again, for the server may have lost it since
        return opened

    return until_recorded(opened_and_written, what=opening.planned[0].redemption.order_id, limit=patience)
