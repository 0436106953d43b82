"""The table of alarms: a snapshot in, what is wrong out. Pure; when a page is due is decided elsewhere.

Transient failures and retries are none of it: they are what the worker is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from config.groups import Alert
from config.sentry import Level
from tasks.paging.snapshot import AccountView, Snapshot
from tasks.standing.append_only_file import AppendOnlyFile

HOUR_MS: Final = 3600 * 1000
DAY_MS: Final = 24 * HOUR_MS
_NEARLY_FULL: Final = 0.8  # of maxmemory
_NOT_THE_PARTNERS: Final = frozenset({"gave_up", "crashed"})
"""Reasons for which one dead letter is an error: something of ours, or a partner that was away for days."""


class Topic(NamedTuple):
    """What an alarm is about; one issue in Sentry."""

    name: str
    partner: str = ""
    shop: str = ""
    reason: str = ""
    code: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Partner and shop."""
        return self.partner, self.shop


@dataclass(frozen=True)
class Alarm:
    """Something that is wrong now, or, with a `count`, has happened so often so far."""

    topic: Topic
    level: Level
    since: int = 0
    """When it began, in milliseconds by the server's clock; 0 where nobody knows."""
    count: int | None = None
    every_ms: int = DAY_MS
    """As long as it lasts it is told again so often; what is counted is told again as often as the settings say."""


class Ages(NamedTuple):
    """What a snapshot does not hold, by partner and shop, in milliseconds by the server's clock."""

    first_seen: Mapping[tuple[str, str], int]
    """When the account was first seen in use."""
    resumed_at: Mapping[tuple[str, str], int]
    """When a pause of it ended, lately."""


def alarms(snapshot: Snapshot, limits: Alert, ages: Ages) -> list[Alarm]:
    """Everything that is wrong, the broker first."""
    found = [*_broker(snapshot, limits)]
    for account in snapshot.accounts:
        for rule in _OF_ACCOUNTS:
            found.extend(rule(account, snapshot.now, limits, ages))
    return found


def _broker(snapshot: Snapshot, limits: Alert) -> Iterator[Alarm]:
    if snapshot.disk.file in (AppendOnlyFile.FAILING, AppendOnlyFile.REWRITE_NEEDED):
        yield Alarm(Topic("rewrite_needed"), "error", snapshot.disk.since)
    if snapshot.memory_limit and snapshot.memory_used >= snapshot.memory_limit:
        yield Alarm(Topic("memory_full"), "error")
    if snapshot.memory_limit and snapshot.memory_used > _NEARLY_FULL * snapshot.memory_limit:
        yield Alarm(Topic("memory_nearly_full"), "warning")
    if limits.dead_letters and snapshot.dead >= limits.dead_letters:
        yield Alarm(Topic("many_dead_letters"), "error")


def _died(account: AccountView, _now: int, limits: Alert, _ages: Ages) -> Iterator[Alarm]:
    for (reason, code), count in sorted(account.deaths.items()):
        topic = Topic("dead_letters", account.partner, account.shop, reason, code)
        level: Level = "error" if reason in _NOT_THE_PARTNERS else "warning"
        yield Alarm(topic, level, count=count, every_ms=int(limits.at_most_every * 1000))


def _health(account: AccountView, now: int, _limits: Alert, _ages: Ages) -> Iterator[Alarm]:
    if account.breaker in ("open", "half-open"):  # which is between two openings, or on its way to be well
        yield Alarm(Topic("breaker_opened", *account.place), "warning", account.since)
    elif account.breaker == "refused":
        yield Alarm(Topic("key_refused", *account.place), "error", account.since)
    elif account.breaker == "paused" and now - account.since >= DAY_MS:
        yield Alarm(Topic("still_paused", *account.place), "warning", account.since)


def _silence(account: AccountView, now: int, limits: Alert, ages: Ages) -> Iterator[Alarm]:
    """No success for long: how an integration breaks without any error."""
    longest = int(limits.no_success_after * 1000)
    since = account.last_yes_at or ages.first_seen.get(account.place)
    if not longest or since is None or account.breaker in ("paused", "refused"):
        return
    grace = min(longest, HOUR_MS)  # what rested through a pause goes out first
    if now - since >= longest and now - ages.resumed_at.get(account.place, now - grace) >= grace:
        yield Alarm(Topic("no_success", *account.place), "error", since)


def _wait(account: AccountView, now: int, limits: Alert, _ages: Ages) -> Iterator[Alarm]:
    longest = int(limits.waiting_longer_than * 1000)
    if not longest or account.oldest_waiting is None or account.breaker in ("paused", "refused"):
        return
    if now - account.oldest_waiting >= longest:
        yield Alarm(Topic("waiting_long", *account.place), "error", account.oldest_waiting)


_OF_ACCOUNTS: Final[tuple[Callable[[AccountView, int, Alert, Ages], Iterator[Alarm]], ...]] = (
    _died,
    _health,
    _silence,
    _wait,
)
