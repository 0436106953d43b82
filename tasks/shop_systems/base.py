"""What every shop system has: a way to sign, and an order in its own words, which become the contract's event."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from tasks.invalid_event import FieldError

UNMAPPED: Final = "unmapped"


@dataclass(frozen=True)
class NothingToReport:
    """The delivery is understood, and no partner is concerned; `why` may be told to whoever sent it."""

    why: str


class Unmapped(Exception):  # noqa: N818 - named by what happened
    """The payload is not that system's order, or lacks what the mapping needs.

    `errors` name every fault by its path in the payload and quote no value; `event` is what could be mapped all the
    same, in the event's own fields, so that what is kept of it can be masked as events are. One field more, which no
    event has, sees to it that it is never valid as it stands, whoever looks at it later.
    """

    reason: ClassVar[str] = "invalid_event"

    def __init__(self, errors: tuple[FieldError, ...], event: Mapping[str, Any]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors
        self.event = {**event, UNMAPPED: True}


class ShopSystem(ABC):
    """One system's webhooks. Header names are lower case in everything that takes `headers`."""

    name: ClassVar[str]

    @abstractmethod
    def is_signed(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
        """Whether the body bears this system's signature under one of the secrets."""

    @abstractmethod
    def read(self, headers: Mapping[str, str], payload: object) -> dict[str, Any] | NothingToReport:
        """The event, without `shop`, that a payload stands for; it still goes through `parse_order`.

        `payload` is decoded JSON, its fractions as Decimal. Raises Unmapped.
        """

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - most systems send none
        """Whether this only asks if anybody is there, which no secret is needed to answer."""
        return False
