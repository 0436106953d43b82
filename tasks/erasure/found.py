"""What a search found, and what an erasure would do about it: the plan that a dry run prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tasks.erasure.messages import Order
from tasks.ledger import Record, State
from tasks.standing.order_values import Money

_WAITING: Final = (State.QUEUED, State.RETRYING)
REPORTED: Final = (State.REDEEMED, State.PRESUMED)


@dataclass(frozen=True)
class Queued:
    """A message that waits in a list, and what shall wait in its place; None: nothing."""

    queue: str
    raw: bytes
    instead: bytes | None = None


@dataclass(frozen=True)
class Change:
    """A field of a hash (or a whole text, where it is empty) as it was seen, and what shall stand there."""

    field: str
    seen: str
    instead: str | None


@dataclass
class Doomed:
    """All of one order of one shop."""

    records: list[Record] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
    """Events of it that no worker has journaled yet."""
    booked: int = 0
    """Messages of it in the hands of workers."""

    def waiting(self) -> list[str]:
        """What has not been sent and still would be: redemptions by id, and events."""
        ids = [record.id for record in self.records if record.is_redemption and record.state in _WAITING]
        return ids + [f"an event in the queue {one.queue}" for one in self.queued]

    def sending(self) -> list[str]:
        """What is being sent this moment, or was when its worker died."""
        return [record.id for record in self.records if record.is_redemption and record.state is State.SENDING]

    def in_hand(self) -> list[str]:
        """What workers have taken."""
        return ["a message in a worker's hands"] * self.booked

    def unreported(self) -> list[Record]:
        """Redemptions that no partner has said yes to, and nobody has closed."""
        done = (*REPORTED, State.DISCARDED)
        return [one for one in self.records if one.is_redemption and one.state not in done and not one.test]


@dataclass
class Found:
    """Everything that speaks of the subject."""

    orders: dict[Order, Doomed] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    """By key: what is said of the subject in what stays."""
    stripped: list[Record] = field(default_factory=list)
    """Those among them that lose what their partner may have to be told of the customer."""
    letters: list[Record] = field(default_factory=list)
    """Letters that hold the customer where nothing can be taken out of them."""
    queued: list[Queued] = field(default_factory=list)
    """Messages that wait and are to be written anew, and doorbells of what goes."""
    booked: int = 0
    """Messages about the customer in the hands of workers."""
    stuck: list[str] = field(default_factory=list)
    """What no erasure can do anything about, in words."""
    streams: dict[str, dict[str, list[str] | None]] = field(default_factory=dict)
    """By stream: the entries that go (None), or what shall stand in them."""

    def of(self, order: Order) -> Doomed:
        """What is known of that order."""
        return self.orders.setdefault(order, Doomed())

    def __bool__(self) -> bool:
        return any((self.orders, self.changes, self.letters, self.queued, self.booked, self.stuck, self.streams))

    def records(self) -> Iterator[Record]:
        """All that go."""
        for doomed in self.orders.values():
            yield from doomed.records
        yield from self.letters

    def unreported(self) -> Money:
        """The orders' values that no partner would be told of any more."""
        money = Money()
        for doomed in self.orders.values():
            for record in doomed.unreported():
                money.add(record)
        return money

    def counts(self) -> Counter[str]:
        """How many of what, in the words that are printed; without those there are none of."""
        told: Counter[str] = Counter()
        for record in self.records():
            told["redemptions" if record.is_redemption else "letters"] += 1
        told["masked"] = len(self.changes)
        told["events"] = sum(len(doomed.queued) for doomed in self.orders.values())
        told["messages"] = len(self.queued)
        told["in_hand"] = self.booked + sum(doomed.booked for doomed in self.orders.values())
        for name, entries in self.streams.items():
            told[name] = sum(one is None for one in entries.values())
            told[f"{name} masked"] = sum(one is not None for one in entries.values())
        return +told

    def states(self) -> Mapping[str, int]:
        """The redemptions that go, by state."""
        return Counter(record.state.value for record in self.records() if record.is_redemption)
