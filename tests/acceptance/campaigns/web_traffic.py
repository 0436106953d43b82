"""Shops that hand in by HTTP while things break: single events and batches, from several threads, to several doors.

What a shop was not told 202 it sends again, as it stands, to the next door; but some give up: what they handed in must
be in the ledger whole or not at all. Every tenth order comes from two systems at once, from one of them alone.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tests.acceptance.campaigns.senders import Senders
from tests.acceptance.kit.shop_client import Answer, ShopClient, bearer, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.acceptance.campaigns.evidence import Promise
    from tests.acceptance.campaigns.orders import Order
    from tests.acceptance.kit import Shop

LOST: Final = "no answer"
_THREADS: Final = 4
_BATCHES: Final = 0.4  # of all pieces; the others are single events
_LARGEST: Final = 20
_KEYED: Final = 0.5
_SIGNED: Final = 0.3
_AS_LINES: Final = 0.5  # of the batches; the others are arrays
_GIVES_UP: Final = 0.3  # of the batches that failed once
_BOTH_EVERY: Final = 10
_PAUSE: Final = 0.05


class Verdict(Enum):
    """What a shop makes of an answer, or of none."""

    TAKEN = auto()
    AGAIN = auto()
    """Nobody knows, or nothing was taken: it is sent again."""
    WRONG = auto()
    """No door may answer that; it is not sent again, which would fill the disk."""


@dataclass(frozen=True)
class Piece:
    """What is handed in at once: orders of one shop; `key` is an idempotency key or empty."""

    name: str
    shop: Shop
    orders: Sequence[Order]
    body: bytes
    key: str
    is_signed: bool

    @property
    def ids(self) -> list[str]:
        """Of all its redemptions."""
        return [promise.id for order in self.orders for promise in order.promises]

    def headers(self) -> dict[str, str]:
        """New ones for every sending, since a signature has a date."""
        if self.is_signed:
            found = signed(self.shop.more["WEBHOOK_SECRET"], self.name, self.body)
        else:
            found = bearer(self.shop.more["TOKEN"])
        return found | ({"Idempotency-Key": self.key} if self.key else {})

    def expected(self) -> dict[str, object]:
        """What a 202 says."""
        return {
            "accepted": [
                {"order_id": one.event["order_id"], "redemptions": [promise.id for promise in one.promises]}
                for one in self.orders
            ]
        }


class WebTraffic(Senders):
    """Sends `orders` to the doors at `ports` in the background; a context manager that ends when all are handed in.

    `share` says how much of them may be sent by now (0–1), so that the load lasts as long as the harm does.
    """

    def __init__(
        self,
        ports: Sequence[int],
        orders: Sequence[Order],
        shops: Sequence[Shop],
        seed: int,
        share: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._ports, self._share, self._seed = ports, share, seed
        self._pieces = _pieces(orders, shops, random.Random(seed))
        self._next = 0
        super().__init__()
        self._promises: dict[str, Promise] = {}
        self.acknowledged: Counter[str] = Counter()
        """Events by how they were handed in."""
        self.refused: Counter[str] = Counter()
        """Sendings that were not acknowledged, by status."""
        self.given_up: list[Sequence[str]] = []
        """The ids of each piece that a shop gave up on."""
        self.wrong_answers: list[tuple[str, str]] = []
        """Which piece was answered what, where a door may not answer that."""

    def promises(self) -> list[Promise]:
        """What is promised so far."""
        with self._lock:
            return list(self._promises.values())

    @override
    def work(self) -> Iterator[Callable[[], None]]:
        return (partial(self._send_all, number) for number in range(_THREADS))

    def _send_all(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        with ShopClient() as client:
            while (piece := self._take()) is not None:
                self._send(client, piece, chance)

    def _take(self) -> Piece | None:
        while not self._stop.is_set():
            with self._lock:
                if self._next == len(self._pieces):
                    return None
                if self._next < self._share() * len(self._pieces):
                    self._next += 1
                    return self._pieces[self._next - 1]
            self._stop.wait(_PAUSE)
        return None

    def _send(self, client: ShopClient, piece: Piece, chance: random.Random) -> None:
        place = chance.randrange(len(self._ports))
        while not self._stop.is_set():
            answer = client.post(self._ports[place], "/orders", piece.body, piece.headers())
            with self._lock:
                found = self._judge(piece, answer)
                gives_up = len(piece.orders) > 1 and chance.random() < _GIVES_UP
                if found is Verdict.AGAIN and gives_up:
                    self.given_up.append(piece.ids)
                if found is not Verdict.AGAIN or gives_up:
                    return
            place = (place + 1) % len(self._ports)
            self._stop.wait(_PAUSE)

    def _judge(self, piece: Piece, answer: Answer | None) -> Verdict:
        """Book the answer, and say what the shop makes of it."""
        if answer is not None and answer.status == 202:
            if answer.json() != piece.expected():
                self.wrong_answers.append((piece.name, f"202 {answer.body!r}"))
            self.acknowledged["batch" if len(piece.orders) > 1 else "single"] += len(piece.orders)
            self._promises.update((promise.id, promise) for one in piece.orders for promise in one.promises)
            return Verdict.TAKEN
        self.refused[LOST if answer is None else str(answer.status)] += 1
        if answer is not None and not _is_outage(answer):
            self.wrong_answers.append((piece.name, f"{answer.status} {answer.headers} {answer.body!r}"))
            return Verdict.WRONG
        return Verdict.AGAIN


def _is_outage(answer: Answer) -> bool:
    """Whether it says, as a machine reads it, that nothing is promised and that sending again is right."""
    said = answer.status == 503 and answer.media_type == "application/problem+json"
    return said and int(answer.headers.get("retry-after", "0")) > 0 and answer.json()["status"] == 503


def _pieces(orders: Sequence[Order], shops: Sequence[Shop], chance: random.Random) -> list[Piece]:
    found: list[Piece] = []
    for shop in shops:
        waiting = [one for one in orders if one.event["shop"] == shop.name]
        alone = [[one] for one in waiting[::_BOTH_EVERY]]
        while waiting:
            size = chance.randint(2, _LARGEST) if chance.random() < _BATCHES else 1
            alone, waiting = [*alone, waiting[:size]], waiting[size:]
        found += [_piece(f"{shop.name}-{number}", shop, piece, chance) for number, piece in enumerate(alone)]
    chance.shuffle(found)
    return found


def _piece(name: str, shop: Shop, orders: Sequence[Order], chance: random.Random) -> Piece:
    events = [one.event for one in orders]
    if len(events) == 1:
        text = json.dumps(events[0])
    elif chance.random() < _AS_LINES:
        text = "\n".join(map(json.dumps, events))
    else:
        text = json.dumps(events)
    key = f"key-{name}" if chance.random() < _KEYED else ""
    return Piece(name, shop, orders, text.encode(), key, is_signed=chance.random() < _SIGNED)
