"""Whether Redis could read its append-only file again, as far as INFO and the ledger's mark can tell.

A disk that is full makes Redis write a command in part. It takes the part back by `ftruncate`, but a file that a
rewrite has opened is not in append mode: the next write begins behind the part that is gone, and leaves NUL bytes
there. Redis serves on, and refuses the file at its next start ("Bad file format"). BGREWRITEAOF replaces the file.

INFO counts the refused writes (MISCONF) and the rewrites, but not which came first. So a mark is kept in the ledger:
the refusals that were seen, and how many rewrites had begun by then. It holds for one run of the server, since a start
that went well has read the file; counters that went back (CONFIG RESETSTAT) are counted anew.
"""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from redis.exceptions import OutOfMemoryError, ReadOnlyError

from tasks.ledger.books import LedgerBooks
from tasks.persistence import NotAllowed, NotNow, classified


class AppendOnlyFile(StrEnum):
    """How it stands."""

    OFF = "off"
    """There is none, or Redis does not tell."""
    OK = "ok"
    FAILING = "failing"
    """Nothing can be written to it now."""
    REWRITE_NEEDED = "rewrite_needed"
    """A write to it failed, and it has not been written anew since."""

    @property
    def advice(self) -> str:
        """What is wrong and what to do, in a sentence; empty where nothing is."""
        return _ADVICE.get(self, "")


_ADVICE: Final = {
    AppendOnlyFile.FAILING: "Redis cannot write its append-only file and refuses writes (MISCONF): make room on its "
    "disk, do not restart it before, then run BGREWRITEAOF as admin",
    AppendOnlyFile.REWRITE_NEEDED: "Redis refused writes because of its disk (MISCONF), and may not be able to read "
    "its append-only file again: run BGREWRITEAOF as admin before its next restart",
}


class Persistence(NamedTuple):
    """What INFO tells of the append-only file."""

    run_id: str
    at: int
    """The server's time, in milliseconds."""
    enabled: bool
    failing: bool
    refusals: int
    """Writes refused with MISCONF since the start, or since the counters were reset."""
    rewrites: int
    """Rewrites begun since then."""
    rewriting: bool
    rewritten: bool
    """The last rewrite has ended well."""

    @classmethod
    def read(cls, redis: Any) -> Self:  # noqa: ANN401 - redis-py mixes its types
        """Ask the server; it answers also with a full disk. Raises redis.RedisError."""
        pipeline = redis.pipeline(transaction=False)
        for section in ("server", "persistence", "errorstats"):  # several at once only Redis 7 takes
            pipeline.info(section)
        return cls.of(dict(ChainMap(*pipeline.execute())))

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Self:
        """Out of INFO's fields; what a host leaves out is taken for well."""
        rewriting = bool(info.get("aof_rewrite_in_progress") or info.get("aof_rewrite_scheduled"))
        return cls(
            run_id=str(info.get("run_id", "")),
            at=int(info.get("server_time_usec", 0)) // 1000 or time.time_ns() // 1_000_000,
            enabled=bool(info.get("aof_enabled")),
            failing=info.get("aof_last_write_status", "ok") != "ok",
            refusals=int(info.get("errorstat_MISCONF", {}).get("count", 0)),
            rewrites=int(info.get("aof_rewrites", 0)),
            rewriting=rewriting,
            rewritten=not rewriting and info.get("aof_last_bgrewrite_status", "ok") == "ok",
        )


@dataclass(frozen=True)
class Mark:
    """What is remembered of one run of the server."""

    run_id: str = ""
    refusals: int = 0
    """The refusals that were taken note of."""
    rewrites: int = 0
    """The rewrites begun when the last of them was: a later one cures it."""
    since: int = 0
    """When the trouble was first seen, in milliseconds by the server's clock; 0: there is none."""

    @property
    def says_something(self) -> bool:
        """Whether it is worth keeping."""
        return bool(self.refusals or self.since)

    def after(self, now: Persistence, *, was_failing: bool = False) -> Mark:
        """The mark after a look; `was_failing` says that the look before saw writes fail.

        Refusals between such a look and this one belong to the trouble that it saw, so that a rewrite begun as soon as
        there was room again counts.
        """
        mark = self if self.run_id == now.run_id else Mark(now.run_id)
        if now.refusals < mark.refusals or now.rewrites < mark.rewrites:  # CONFIG RESETSTAT
            mark = replace(mark, refusals=0, rewrites=0)
        more = now.refusals > mark.refusals and not (was_failing and mark.since)
        mark = replace(mark, refusals=now.refusals)
        if now.failing or more:
            return replace(mark, rewrites=now.rewrites, since=mark.since or now.at)
        if mark.since and now.rewrites > mark.rewrites and now.rewritten:
            return replace(mark, since=0)
        return mark


class DiskStatus(NamedTuple):
    """How the append-only file stands, and since when there is trouble (ms by the server's clock; 0: there is none)."""

    file: AppendOnlyFile
    since: int = 0


WELL: Final = DiskStatus(AppendOnlyFile.OK)


@classified()
def disk_status(ledger: LedgerBooks) -> DiskStatus:
    """How it stands by INFO and the mark; changes nothing. Raises redis.RedisError."""
    now = Persistence.read(ledger.redis)
    return _status(_stored(ledger).after(now), now)


class DiskWatch:
    """Looks at the server once or again and again, and keeps the mark; for one thread."""

    def __init__(self, ledger: LedgerBooks) -> None:
        self._ledger = ledger
        self._unwritten: Mark | None = None
        self._was_failing = False

    @classified()
    def note(self) -> None:
        """Look while nothing can be written, so that what comes after is told apart. Raises redis.RedisError."""
        self._look(_stored(self._ledger))

    @classified()
    def keep(self) -> DiskStatus:
        """Look, and write the mark if it has changed. Where Redis does not take it, a later look writes it.

        Raises redis.RedisError.
        """
        stored = _stored(self._ledger)
        mark, now = self._look(stored)
        if mark == stored or not (mark.says_something or stored.says_something) or self._write(mark):
            self._unwritten = None
        return _status(mark, now)

    def forget(self) -> None:
        """Another process keeps the mark."""
        self._unwritten, self._was_failing = None, False

    def _look(self, stored: Mark) -> tuple[Mark, Persistence]:
        now = Persistence.read(self._ledger.redis)
        mark = self._unwritten = (self._unwritten or stored).after(now, was_failing=self._was_failing)
        self._was_failing = now.failing
        return mark, now

    def _write(self, mark: Mark) -> bool:
        try:
            with classified():
                self._ledger.redis.hset(self._ledger.key("disk"), mapping=asdict(mark))
        except (NotNow, NotAllowed, OutOfMemoryError, ReadOnlyError):
            return False  # to be tried again, or by another: this user may only read, or nobody can write now
        return True


def _stored(ledger: LedgerBooks) -> Mark:
    """What the ledger has; it answers also with a full disk."""
    found = ledger.redis.hgetall(ledger.key("disk"))
    return Mark(found["run_id"], *(int(found[name]) for name in ("refusals", "rewrites", "since"))) if found else Mark()


def _status(mark: Mark, now: Persistence) -> DiskStatus:
    if not now.enabled:
        return DiskStatus(AppendOnlyFile.OFF)
    if now.failing:
        return DiskStatus(AppendOnlyFile.FAILING, mark.since)
    return DiskStatus(AppendOnlyFile.REWRITE_NEEDED if mark.since else AppendOnlyFile.OK, mark.since)
