"""Books for the verdict's own tests, written by hand: all in order, until a test spoils them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tasks.ledger import Account, Record, State
from tests.acceptance.campaigns.evidence import Evidence, Fate, Promise
from tests.acceptance.campaigns.verdict import FINAL, judge
from worker.dev.sandbox import Call, Redemption

SOVENDUS, UNIQODO = "sovendus:uk:1:SKD", "uniqodo:uk:1:AB12"
NOON = 1_795_320_000  # seconds since the epoch; what happens is told in seconds after it
AMBIGUOUS = {"outcome": "transient", "ambiguous": True, "status": 503}


@dataclass
class Books:
    """Order 1 of 49.90 EUR with a code of each partner, promised, called for once and redeemed; for tests to spoil."""

    promises: dict[str, Promise] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    booked: dict[str, list[Redemption]] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    """What the report leaves out."""
    told_besides: list[tuple[str, State]] = field(default_factory=list)
    counted_besides: list[str] = field(default_factory=list)
    given_up: list[list[str]] = field(default_factory=list)
    wrong_answers: list[tuple[str, str]] = field(default_factory=list)
    rolled_back: list[str] = field(default_factory=list)
    wrong_rows: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for id_ in (SOVENDUS, UNIQODO):
            self.promise(id_)
            self.record(id_, "redeemed", (2, {"outcome": "redeemed"}))
            self.book(id_)
            self.call(id_, 1)

    def promise(self, id_: str, fate: Fate = Fate.YES) -> None:
        self.promises[id_] = Promise(id_, id_.split(":")[2], Decimal("49.90"), "EUR", fate)

    def record(self, id_: str, state: str, *history: tuple[float, dict[str, Any]]) -> None:
        """Its history as seconds and lines."""
        partner, shop, order_id, code = id_.split(":")
        lines = [json.dumps({"at": int((NOON + at) * 1000), **line}) for at, line in history]
        known = {"partner": partner, "shop": shop, "order_id": order_id, "code": code}
        money_ = {"order_value": "49.90", "currency": "EUR"}
        self.records[id_] = Record(id_, {**known, **money_, "state": state, "history": "\n".join(lines)})

    def book(self, id_: str, *, commits: int = 1, order_value: str = "49.90", currency: str = "EUR") -> None:
        partner, _, order_id, code = id_.split(":")
        values: list[str | None] = [order_value] * commits
        self.booked[id_] = [Redemption(partner, "account", order_id, code, order_value, currency, commits, values)]

    def call(self, id_: str, *seconds: float) -> None:
        self.calls[id_] = [Call(0, at, NOON + at, 1, "GET", "/", {}, b"") for at in seconds]

    def broken(self) -> set[str]:
        """The names of the rules that found something."""
        return {finding.rule for finding in judge(self.evidence())}

    def evidence(self) -> Evidence:
        told = (self._reported(), self._counted(), self.given_up, self.wrong_answers)
        outbox = (self.rolled_back, self.wrong_rows)
        return Evidence(self.promises, self.records, self.booked, self.calls, *told, *outbox)

    def _reported(self) -> list[tuple[str, State]]:
        told = [
            (one.id, one.state) for one in self.records.values() if one.state in FINAL and one.id not in self.untold
        ]
        return told + self.told_besides

    def _counted(self) -> dict[str, dict[str, str]]:
        tally: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.records.values():
            tally[Account(one.partner, one.shop).name].update(("accepted", one.state.value))
        tally[Account("sovendus", "uk").name].update(self.counted_besides)
        return {account: {what: str(count) for what, count in counts.items()} for account, counts in tally.items()}
