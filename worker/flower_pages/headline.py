"""What is wrong, in the order in which it costs money: what it is, why, and what to press. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from tasks.dead_letters.advice import advise
from tasks.identity import UNROUTED
from tasks.standing.append_only_file import AppendOnlyFile
from tasks.standing.status import AccountStatus
from tasks.standing.survey import Cause, Pile
from worker.flower_pages import wording
from worker.flower_pages.snapshot import Snapshot

_LATE: Final = 15 * 60.0  # seconds that something may wait before it is said
_SILENT: Final = 24 * 3600.0  # seconds without a yes at an account that is asked to report
_CAUSES_SHOWN: Final = 3
_DISK: Final = {
    AppendOnlyFile.FAILING: "Redis cannot write to its disk",
    AppendOnlyFile.REWRITE_NEEDED: "Redis may not start again",
}


class Level(StrEnum):
    """How bad it is."""

    WELL = "well"
    WATCH = "watch"
    BAD = "bad"


class Press(NamedTuple):
    """Something to press: a button's words, the page it leads to, and that page's query."""

    words: str
    page: str
    query: dict[str, str]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    level: Level
    what: str
    money: str
    why: str
    press: Press | None = None


@dataclass(frozen=True)
class Headline:
    """The first thing to read."""

    level: Level
    title: str
    money: list[str]
    """What is stuck, by currency."""
    findings: list[Finding]


def headline(snapshot: Snapshot) -> Headline:
    """What an operator must know within a second, and the findings behind it, the worst first."""
    found = sorted(_findings(snapshot), key=lambda one: one.level != Level.BAD)
    level = Level.BAD if any(one.level is Level.BAD for one in found) else Level.WATCH if found else Level.WELL
    dead = snapshot.survey.dead
    stopped = [row for row in snapshot.rows if row.breaker in ("open", "refused", "paused") and _waits(row)]
    money = wording.moneys(dead.money.totals)
    if snapshot.append_only_file in _DISK:
        title = _DISK[snapshot.append_only_file]
    elif dead.count:
        title = f"{wording.count(dead.count, 'dead letter needs', 'dead letters need')} a person"
    elif level is Level.WELL:
        title = "All is well"
    elif stopped:
        waiting = sum(map(_waits, stopped))
        behind = "a closed account" if len(stopped) == 1 else "closed accounts"
        title = f"{wording.count(waiting, 'redemption waits', 'redemptions wait')} behind {behind}"
        money = _stuck(stopped, snapshot)
    else:
        title = found[0].what
    return Headline(level, title, money, found)


def _stuck(stopped: list[AccountStatus], snapshot: Snapshot) -> list[str]:
    """The money behind closed accounts; none where several have some and a healthy one too: they may share orders."""
    if len(stopped) == 1:
        return wording.moneys(stopped[0].money_waiting.totals)
    if any(_waits(row) for row in snapshot.rows if row not in stopped):
        return []
    return wording.moneys(snapshot.survey.waiting.money.totals)


def _findings(snapshot: Snapshot) -> Iterator[Finding]:
    yield from _disk(snapshot)
    yield from _workers(snapshot)
    for row in snapshot.rows:
        if row.partner not in ("", UNROUTED):
            yield from _account(row, snapshot)
    yield from _dead(snapshot)


def _disk(snapshot: Snapshot) -> Iterator[Finding]:
    if what := _DISK.get(snapshot.append_only_file):
        yield Finding(Level.BAD, what, "", f"{snapshot.append_only_file.advice}.")


def _workers(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.workers:
        return
    waits = snapshot.survey.waiting.count + sum(length or 0 for length in snapshot.queues.values())
    yield Finding(
        Level.BAD if waits else Level.WATCH,
        "No worker is running",
        "",
        "Nothing is sent until one is: look at the supervisor, and at the worker's log.",
        Press("Look at the workers", "workers", {}),
    )


def _account(row: AccountStatus, snapshot: Snapshot) -> Iterator[Finding]:
    name, query = f"{row.partner} {row.shop}", {"partner": row.partner, "shop": row.shop}
    money = wording.in_words(wording.moneys(row.money_waiting.totals))
    waits = f"{_waits(row):,} waiting" if _waits(row) else "nothing waits"
    if row.breaker == "refused":
        why = f"{waits}; {row.hint or 'mend it, then resume'}"
        yield Finding(Level.BAD, f"{name}: the key is refused", money, why, _resume(query))
    elif row.breaker == "open":
        why = f"{waits}; {row.hint or 'the partner does not answer'}. A probe goes out every minute at the latest"
        yield Finding(Level.BAD, f"{name}: breaker open", money, f"{why}: it comes back by itself.", _resume(query))
    elif row.breaker == "paused":
        since = wording.age(snapshot.paused_since.get((row.partner, row.shop)), snapshot.now)
        yield Finding(Level.WATCH, f"{name}: paused by hand", money, f"{waits}, paused for {since}.", _resume(query))
    elif row.health and row.health.deserted and _waits(row):
        yield Finding(Level.BAD, f"{name}: no worker has this account", money, f"{waits}; {row.hint}.")
    elif row.oldest_waiting is not None and row.oldest_waiting > _LATE:
        why = f"{waits}, the oldest for {wording.duration(row.oldest_waiting)}. What is retried comes by itself."
        yield Finding(Level.WATCH, f"{name}: late", money, why)
    silent = (snapshot.now - row.last_yes).total_seconds() if row.last_yes else None
    if row.today["accepted"] and silent is not None and silent > _SILENT:
        why = f"Orders come in, and the partner's last yes was {wording.duration(silent)} ago."
        yield Finding(Level.BAD, f"{name}: no success for a day", "", why)


def _resume(query: dict[str, str]) -> Press:
    return Press("Resume…", "account", {"action": "resume", **query})


def _dead(snapshot: Snapshot) -> Iterator[Finding]:
    causes = sorted(snapshot.survey.causes.items(), key=_weight)
    for cause, pile in causes[:_CAUSES_SHOWN]:
        advice = advise(cause.reason, cause.partner, cause.error_code)
        yield Finding(
            Level.BAD,
            f"{pile.count:,} × {_whose(cause)}{wording.reason(cause.reason)}"
            + (f" ({cause.error_code})" if cause.error_code else ""),
            wording.in_words(wording.moneys(pile.money.totals)),
            advice.text if advice else "",
            Press("Look at them", "dead-letters", _query(cause)),
        )
    if more := causes[_CAUSES_SHOWN:]:
        letters = wording.count(sum(pile.count for _, pile in more), "dead letter")
        yield Finding(
            Level.BAD, f"{letters} of {wording.count(len(more), 'other cause')}", "", "",
            Press("Look at all", "dead-letters", {}),
        )  # fmt: skip


def _weight(one: tuple[Cause, Pile]) -> tuple[float, int]:
    """The most money first, then the most letters."""
    return -float(max(one[1].money.totals.values(), default=0)), -one[1].count


def _whose(cause: Cause) -> str:
    if cause.partner in ("", UNROUTED):
        return f"shop {cause.shop}: " if cause.shop else ""
    return f"{cause.partner} {cause.shop}: "


def _query(cause: Cause) -> dict[str, str]:
    return {"partner": cause.partner, "shop": cause.shop, "reason": cause.reason, "error_code": cause.error_code}


def _waits(row: AccountStatus) -> int:
    return row.states["queued"] + row.states["sending"] + row.states["retrying"]
