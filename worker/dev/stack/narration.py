"""Turns the worker's log into a few lines for people: what became of each attempt, and what is wrong."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

ATTEMPT: Final = "delivery.attempted"
FINAL: Final = frozenset({"redeemed", "presumed", "dead"})
_SHOWN_A_SECOND: Final = 12
_REPEATS: Final = 10.0  # seconds within which the same trouble is told once
_LONGEST: Final = 300  # characters; the log has all of it
_ID_WIDTH: Final = 38
_PAGE: Final = "page."  # what an operator is woken for has been told here when it happened
_TROUBLE: Final = frozenset({"warning", "error", "critical"})


@dataclass(frozen=True)
class Told:
    """One line for people: a kind (`redeemed`, `presumed`, `retrying`, `held`, `dead`, `warning`, …) and a text."""

    kind: str
    text: str
    redemption_id: str = ""


def told(record: dict[str, Any]) -> Told | None:
    """What a record of the worker's JSON log says to people; None when it is for the log only."""
    if record.get("event") == ATTEMPT:
        kind, text = _attempt(record)
        return Told(kind, f"{record.get('id')!s:<{_ID_WIDTH}}  {text}"[:_LONGEST], str(record.get("id")))
    level = str(record.get("level", "")).lower()
    if level in _TROUBLE and not str(record.get("event")).startswith(_PAGE):
        parts = [record.get("event"), record.get("id"), record.get("error"), _last_line(record.get("exception"))]
        return Told(level, ": ".join(_first_line(part) for part in parts if part)[:_LONGEST])
    return None


def _first_line(value: object) -> str:
    return str(value).partition("\n")[0]


def _last_line(traceback: object) -> str:
    """What was raised, without where."""
    return str(traceback or "").rstrip().rpartition("\n")[2]


def _attempt(record: dict[str, Any]) -> tuple[str, str]:
    outcome, error = str(record.get("outcome")), record.get("error") or f"HTTP {record.get('status')}"
    count = f"attempt {record.get('attempt')}"
    match outcome:
        case "redeemed":
            healed = f", {count}" if record.get("attempt") != 1 else ""
            return outcome, f"HTTP {record.get('status')} in {record.get('ms')} ms{healed}"
        case "presumed":
            return outcome, f"“already redeemed”, after an answer of ours was lost ({count})"
        case "dead":
            return outcome, f"{record.get('reason')}: {error}"
        case "transient":
            return "retrying", f"{error} ({count}), again in {float(record.get('next_delay_s') or 0):.1f} s"
        case "account_refused":
            return "held", f"{error}; the account waits until that is mended"
        case _:
            return outcome, str(error)


class Narrator:
    """Reads log lines and says them, at most a dozen a second: beyond that it counts.

    `say` takes a kind and a text; `settled` the id of each redemption that has come to its end.
    """

    def __init__(
        self,
        say: Callable[[str, str], None],
        settled: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._settled = settled
        self._clock = clock
        self._second = clock()
        self._shown = 0
        self._unshown: Counter[str] = Counter()
        self._last_told: dict[str, float] = {}

    def read(self, line: str) -> None:
        """Take one line of the log; what is no JSON (a traceback, a banner) is for the log only."""
        record = as_record(line)
        one = told(record) if record else None
        if one is None:
            return
        self.count_up()
        if one.kind in FINAL:
            self._settled(one.redemption_id)
        if one.kind in _TROUBLE and self._told_lately(one.text):
            return
        if self._shown < _SHOWN_A_SECOND:
            self._shown += 1
            self._say(one.kind, one.text)
        else:
            self._unshown[one.kind] += 1

    def count_up(self) -> None:
        """Say how many were not shown, once their second is over. To be called now and then."""
        now = self._clock()
        if now - self._second < 1.0:
            return
        if self._unshown:
            counts = ", ".join(f"{count} {kind}" for kind, count in self._unshown.most_common())
            self._say("…", f"and {counts} more")
        self._second, self._shown = now, 0
        self._unshown.clear()

    def _told_lately(self, text: str) -> bool:
        now = self._clock()
        last = self._last_told.get(text)
        if last is not None and now - last < _REPEATS:
            return True
        self._last_told = {known: at for known, at in self._last_told.items() if now - at < _REPEATS} | {text: now}
        return False


def as_record(line: str) -> dict[str, Any] | None:
    """The JSON object on a log line; None when there is none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
