"""What Redis keeps on disk of what is gone from its memory, and asking it to write both files anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import ResponseError

from tasks.ledger import Ledger

_POLL: Final = 0.1


@dataclass(frozen=True)
class OnDisk:
    """One place on disk, or beyond, where it may still stand; `clean` says that it does not any more."""

    place: str
    clean: bool
    text: str


def rewrite(ledger: Ledger, *, patience: float, going_on: Callable[[], None]) -> list[OnDisk]:
    """Have the append-only file and the snapshot written anew, and wait for each for `patience` seconds at most.

    Meanwhile `going_on` is called. Raises redis.RedisError, and whatever `going_on` raises.
    """

    def rests(file: _File) -> bool:
        info = _info(ledger)
        return not info.get(file.under_way) and not info.get(file.scheduled)

    def is_written(file: _File) -> bool:
        until = time.monotonic() + patience
        while not rests(file):
            if time.monotonic() > until:
                return False
            going_on()
            time.sleep(_POLL)
        return True

    return list(_places(ledger, is_written))


def _places(ledger: Ledger, is_written: Callable[[_File], bool]) -> Iterator[OnDisk]:
    info = _info(ledger)
    if info.get("aof_enabled"):
        yield _write(ledger, _AOF, is_written)
    if _snapshots(ledger, info):
        yield _write(ledger, _RDB, is_written)
    else:
        text = "none is taken by schedule; an old dump.rdb, if there is one, is yours to delete"
        yield OnDisk("snapshot", clean=True, text=text)
    if replicas := int(info.get("connected_slaves", 0)):
        text = f"{replicas} connected: what is erased here is erased there, their own files are yours to have rewritten"
        yield OnDisk("replicas", clean=False, text=text)


@dataclass(frozen=True)
class _File:
    place: str
    command: tuple[str, ...]
    under_way: str
    scheduled: str
    ended_well: str


_AOF: Final = _File(
    "append-only file",
    ("BGREWRITEAOF",),
    "aof_rewrite_in_progress",
    "aof_rewrite_scheduled",
    "aof_last_bgrewrite_status",
)
_RDB: Final = _File(
    "snapshot", ("BGSAVE", "SCHEDULE"), "rdb_bgsave_in_progress", "rdb_bgsave_scheduled", "rdb_last_bgsave_status"
)


def _write(ledger: Ledger, file: _File, is_written: Callable[[_File], bool]) -> OnDisk:
    # One that is under way may have begun before the erasure.
    if not is_written(file):
        return OnDisk(
            file.place, clean=False, text=f"being written since before: run {file.command[0]} once it is done"
        )
    try:
        ledger.redis.execute_command(*file.command)
    except ResponseError as error:  # forbidden, renamed, switched off by the host
        return OnDisk(file.place, clean=False, text=f"Redis refuses {file.command[0]} ({error}): have it run")
    if not is_written(file):
        return OnDisk(file.place, clean=False, text="being written anew; look later whether that went well")
    if _info(ledger).get(file.ended_well, "ok") != "ok":
        return OnDisk(
            file.place, clean=False, text=f"writing it anew failed: see Redis' log, then run {file.command[0]}"
        )
    return OnDisk(file.place, clean=True, text="written anew")


def _snapshots(ledger: Ledger, info: Mapping[str, Any]) -> bool:
    """Whether Redis takes snapshots, as far as it tells."""
    if int(info.get("rdb_saves", 0)):
        return True
    try:
        return bool(ledger.redis.config_get("save").get("save", "unknown"))
    except ResponseError:
        return True


def _info(ledger: Ledger) -> dict[str, Any]:
    return {**ledger.redis.info("persistence"), **ledger.redis.info("replication")}
