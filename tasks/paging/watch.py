"""The look that pages come from, in every worker; what it tells is told by the one that has the duty."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Final

import structlog

from tasks.paging.alarms import Ages, Topic, alarms
from tasks.paging.due import Due, Told, decide
from tasks.paging.facts import gather_facts
from tasks.paging.page import Page, page_of
from tasks.paging.reading import oldest_waiting, take_snapshot
from tasks.paging.snapshot import Place, Snapshot
from tasks.paging.spared import Spared
from tasks.persistence import UNAVAILABLE, NotNow
from tasks.runtime import Runtime
from tasks.standing.append_only_file import DiskWatch
from tasks.standing.survey import survey

_LEASE_MS: Final = 30_000  # of the duty; looks are a second apart, and one with a survey may take some
_FIRST_SEEN: Final = "first_seen"  # the name of a topic that is only remembered

log = structlog.get_logger("redeem.watch")


class Watch:
    """Looks at the ledger of one runtime, and hands each page to `tell`; for one thread."""

    def __init__(
        self, runtime: Runtime, tell: Callable[[Page], object], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._runtime = runtime
        self._page = tell
        self._owner = uuid.uuid4().hex
        self._survey = Spared(lambda: survey(runtime.ledger), clock=clock)
        self._oldest = Spared(lambda: oldest_waiting(runtime.ledger), clock=clock)
        self._disk = DiskWatch(runtime.ledger)
        self._paused: set[Place] = set()
        self._resumed_at: dict[Place, int] = {}
        self._unwritten: dict[Topic, Told | None] = {}

    def look(self) -> bool:
        """Tell what is due, if it is this worker's turn; whether it is.

        Raises redis.RedisError.
        """
        try:
            on_duty = self._on_duty()
        except NotNow as error:
            if str(error).startswith("MISCONF"):
                self._disk.note()
            raise
        if not on_duty:
            self._unwritten.clear()
            self._disk.forget()
            return False
        told = self._remembered()
        snapshot = take_snapshot(self._runtime, self._oldest.get(), self._disk.keep())
        self._note(snapshot, told)
        pages = self._written(self._decide(snapshot, told), snapshot)
        if pages and not self._on_duty():
            return False  # it took so long that another looks by now
        self._tell(pages)
        return True

    def leave(self) -> None:
        """Lay the duty down, so that the next worker has it at once; where that fails it ends by itself."""
        try:
            self._runtime.ledger.script("watch", self._owner, 0, 0)
        except UNAVAILABLE:
            log.debug("watch.not_laid_down", exc_info=True)

    def _on_duty(self) -> bool:
        return bool(self._runtime.ledger.script("watch", self._owner, _LEASE_MS, 0))

    def _remembered(self) -> dict[Topic, Told]:
        """What was told, also what a broker that takes no writes would not keep: it is not told again every second."""
        ledger = self._runtime.ledger
        found = {_topic(name): Told.load(value) for name, value in ledger.redis.hgetall(ledger.key("alarms")).items()}
        for topic, told in self._unwritten.items():
            found.pop(topic, None)
            if told is not None:
                found[topic] = told
        return found

    def _note(self, snapshot: Snapshot, told: dict[Topic, Told]) -> None:
        """Accounts in use for the first time, and pauses that ended."""
        paused = {one.place for one in snapshot.accounts if one.breaker == "paused"}
        self._resumed_at |= dict.fromkeys(self._paused - paused, snapshot.now)
        self._paused = paused
        for one in snapshot.accounts:
            topic = Topic(_FIRST_SEEN, *one.place)
            if topic not in told and one.configured and (one.accepted or one.waiting or one.last_yes_at):
                told[topic] = self._unwritten[topic] = Told(snapshot.now)

    def _decide(self, snapshot: Snapshot, told: dict[Topic, Told]) -> list[Due]:
        limits = self._runtime.settings.alert
        first_seen = {topic.place: one.at for topic, one in told.items() if topic.name == _FIRST_SEEN}
        found = alarms(snapshot, limits, Ages(first_seen, self._resumed_at))
        known = {topic: one for topic, one in told.items() if topic.name != _FIRST_SEEN}
        decision = decide(found, known, snapshot, at_most_every_ms=round(limits.at_most_every * 1000))
        self._unwritten |= dict.fromkeys(decision.forget)
        return decision.due

    def _written(self, due: list[Due], snapshot: Snapshot) -> list[tuple[Due, Page]]:
        if not due:
            return []
        found = self._survey.get()
        return [(one, page_of(one, snapshot, gather_facts(self._runtime, one, found))) for one in due]

    def _tell(self, pages: list[tuple[Due, Page]]) -> None:
        counted = []
        for due, page in pages:
            self._page(page)
            counted.append(f"{page.name}|{':'.join(filter(None, due.topic.place))}")
            self._unwritten[due.topic] = due.told
        self._write(counted)

    def _write(self, counted: list[str]) -> None:
        if not self._unwritten:
            return
        pairs: list[str] = []
        for topic, told in self._unwritten.items():
            pairs += [_name(topic), told.dump() if told else ""]
        if self._runtime.ledger.script("watch", self._owner, _LEASE_MS, len(counted), *counted, *pairs):
            self._unwritten.clear()


def _name(topic: Topic) -> str:
    """As the ledger keeps it."""
    return json.dumps(topic, ensure_ascii=False, separators=(",", ":"))


def _topic(name: str) -> Topic:
    return Topic(*json.loads(name))
