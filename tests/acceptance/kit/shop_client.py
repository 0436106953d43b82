"""A shop that speaks HTTP as its library does: one connection kept alive, and an answer, or none that came.

Python's own client, so that nothing is sent a second time behind the test's back.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from standardwebhooks import Webhook

from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_PATIENCE: Final = 60.0  # seconds, as a shop's cron job has them; longer than the door may take for any answer


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body's value."""
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """Of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0]


class ShopClient:
    """Talks to one port after the other, not from several threads at once; a context manager."""

    def __init__(self, *, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._open: dict[int, http.client.HTTPConnection] = {}

    def post(self, port: int, path: str, body: bytes, headers: Mapping[str, str]) -> Answer | None:
        """The answer; None where the connection was refused, or ended without one, so that nobody can know."""
        return self._ask(port, "POST", path, body, headers)

    def get(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer | None:
        """As `post`."""
        return self._ask(port, "GET", path, None, headers or {})

    def _ask(self, port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer | None:
        link = self._open.setdefault(port, http.client.HTTPConnection(LOOPBACK, port, timeout=self._patience))
        try:
            link.request(method, path, body, dict(headers))
            answer = link.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        except (ConnectionError, http.client.HTTPException):
            link.close()  # it connects anew
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for link in self._open.values():
            link.close()


def bearer(token: str) -> dict[str, str]:
    """The headers of a shop that has a token."""
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def signed(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of a shop that signs, by the reference implementation of Standard Webhooks; `secret` is `whsec_…`."""
    now = datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body.decode()),
        "Content-Type": "application/json",
    }
