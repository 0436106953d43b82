"""Which alarms are told now: the first at once, again after a while, and when it is over. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from tasks.paging.alarms import Alarm, Topic
from tasks.paging.snapshot import Snapshot

_ENDS_WITH_HEALTH = frozenset({"breaker_opened", "key_refused", "no_success", "waiting_long"})
"""They are over only when the account is well: paused, or ill in another way, is no end of it."""


@dataclass(frozen=True)
class Told:
    """What was told of a topic last: when (ms), how many by then, and whether it is over."""

    at: int
    count: int = 0
    over: bool = False

    def dump(self) -> str:
        """As the ledger keeps it."""
        return json.dumps([self.at, self.count, int(self.over)], separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Self:
        """The reverse of `dump`."""
        at, count, over = json.loads(text)
        return cls(at, count, bool(over))


class Due(NamedTuple):
    """A topic to be told of, how, and what to remember then; `new` are those not told before, of what is counted."""

    topic: Topic
    kind: Literal["begun", "again", "over"]
    told: Told
    alarm: Alarm | None = None
    new: int = 0


class Decision(NamedTuple):
    """What to tell, and of which topics to forget everything."""

    due: list[Due]
    forget: list[Topic]


def decide(
    found: Iterable[Alarm], told: Mapping[Topic, Told], snapshot: Snapshot, *, at_most_every_ms: int
) -> Decision:
    """Compare what is wrong with what was told; nothing is begun anew within `at_most_every_ms` of its end."""
    alarms = {alarm.topic: alarm for alarm in found}
    due = [
        one
        for alarm in alarms.values()
        if (one := _begun_or_again(alarm, told.get(alarm.topic), snapshot.now, at_most_every_ms))
    ]
    forget = []
    for topic, last in _absent(alarms, told):
        if last.over or not _is_end(topic, snapshot):
            if not last.over or _passed(last.at, at_most_every_ms, snapshot.now):
                forget.append(topic)
        else:
            due.append(Due(topic, "over", Told(snapshot.now, over=True)))
    return Decision(due, forget)


def _begun_or_again(alarm: Alarm, last: Told | None, now: int, at_most_every_ms: int) -> Due | None:
    if alarm.count is not None:
        before = last.count if last and last.count <= alarm.count else 0  # a counter that is lower was begun anew
        new = alarm.count - before
        if not new or (last and not _passed(last.at, alarm.every_ms, now)):
            return None
        return Due(alarm.topic, "again" if last else "begun", Told(now, alarm.count), alarm, new)
    if last is None:
        return Due(alarm.topic, "begun", Told(now), alarm)
    if not _passed(last.at, at_most_every_ms if last.over else alarm.every_ms, now):
        return None
    return Due(alarm.topic, "begun" if last.over else "again", Told(now), alarm)


def _absent(alarms: Mapping[Topic, Alarm], told: Mapping[Topic, Told]) -> Iterator[tuple[Topic, Told]]:
    """Told of, and no longer there. What is counted has no end: its record is the count."""
    for topic, last in told.items():
        if topic not in alarms and topic.name != "dead_letters":
            yield topic, last


def _is_end(topic: Topic, snapshot: Snapshot) -> bool:
    account = snapshot.account(topic.place)
    return topic.name not in _ENDS_WITH_HEALTH or account is None or account.breaker == "closed"


def _passed(since: int, ms: int, now: int) -> bool:
    """Whether so much time has passed; a server's clock that was set back counts as if."""
    return not 0 <= now - since < ms
