"""What befalls a broker: killed, held still, memory or disk full, a failover, rights taken. All real, and undone."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from tests.acceptance.kit.polling import eventually
from worker.dev.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.dev.broker import EmbeddedValkey

_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
_PROBE = "probe-of-the-tests"
_LARGE = 1 << 20  # bytes


def kill(broker: EmbeddedValkey) -> None:
    """SIGKILL, and gone when this returns; `broker.revive()` starts it on what its append-only file kept."""
    os.kill(_pid(broker), signal.SIGKILL)
    eventually(lambda: broker.exit_code() is not None, what="the broker gone")


@contextlib.contextmanager
def killed(broker: EmbeddedValkey) -> Iterator[None]:
    """Killed on entry, and on the same port and data again at the end."""
    kill(broker)
    try:
        yield
    finally:
        broker.revive()


@contextlib.contextmanager
def held_still(broker: EmbeddedValkey) -> Iterator[None]:
    """SIGSTOP: its connections stand, new ones are taken by the kernel, and nothing answers."""
    os.kill(_pid(broker), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(_pid(broker), signal.SIGCONT)


@contextlib.contextmanager
def memory_full(broker: EmbeddedValkey, *, spare: int | None = None) -> Iterator[None]:
    """`maxmemory` reached, with `noeviction`; or within `spare` bytes of being reached.

    Without `spare` it stays full however much is taken out: half of what is used is the limit.
    """
    with _client(broker) as redis:
        used = redis.info("memory")["used_memory"]
        redis.config_set("maxmemory", used // 2 if spare is None else used + spare)
        if spare is None:
            _until_refused(redis, OutOfMemoryError)
        try:
            yield
        finally:
            redis.config_set("maxmemory", 0)


@contextlib.contextmanager
def read_only(broker: EmbeddedValkey) -> Iterator[None]:
    """A replica that takes no writes and has lost its master, as in a failover that goes wrong."""
    with _client(broker) as redis:
        redis.replicaof(LOOPBACK, free_port())
        _until_refused(redis, ReadOnlyError)
        try:
            yield
        finally:
            redis.replicaof("NO", "ONE")


@contextlib.contextmanager
def denied(broker: EmbeddedValkey) -> Iterator[None]:
    """Its ACL was changed: the user of our URL may run no script any more, and so write nothing."""
    with _client(broker) as redis:
        redis.execute_command("ACL", "SETUSER", "default", "-evalsha", "-eval")
        try:
            yield
        finally:
            redis.execute_command("ACL", "SETUSER", "default", "+evalsha", "+eval")


@contextlib.contextmanager
def disk_full(broker: EmbeddedValkey) -> Iterator[None]:
    """No byte more goes to the append-only file (its size is limited), so the server refuses every write: MISCONF.

    Afterwards the file is as if nothing had been, and so is what INFO tells.
    """
    with disk_was_full(broker):
        yield
    rewrite(broker)
    with _client(broker) as redis:
        redis.config_resetstat()


@contextlib.contextmanager
def disk_was_full(broker: EmbeddedValkey, *, room: int = 0) -> Iterator[None]:
    """As `disk_full`, after `room` bytes more; and what that has done to the append-only file stays done.

    The file gets a hole, and the server could not be started again, if a rewrite has opened it (`rewrite`) and the
    bytes that there is room for end within a command.
    """
    pid = _pid(broker)
    with _client(broker) as redis:
        size = max(file.stat().st_size for file in files(broker)) + room
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            _until_refused(redis, ResponseError, "MISCONF")
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, _UNLIMITED)
            eventually(lambda: _taken(redis), what="writes accepted again")


@contextlib.contextmanager
def room_for_small_files_only(broker: EmbeddedValkey) -> Iterator[None]:
    """Writes go on, but a file of all that there is cannot be written: no new append-only file, and no snapshot."""
    with _client(broker) as redis:
        redis.set(_PROBE, os.urandom(_LARGE))
        rewrite(broker)
        resource.prlimit(_pid(broker), resource.RLIMIT_FSIZE, (_LARGE // 2, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.prlimit(_pid(broker), resource.RLIMIT_FSIZE, _UNLIMITED)
            redis.delete(_PROBE)


def rewrite(broker: EmbeddedValkey) -> None:
    """Have the append-only file written anew; the new one is there when this returns."""
    with _client(broker) as redis:
        before = redis.info("persistence")["aof_rewrites"]
        redis.bgrewriteaof()

        def is_done() -> bool:
            now = redis.info("persistence")
            return bool(now["aof_rewrites"] > before and not now["aof_rewrite_in_progress"])

        eventually(is_done, what="the append-only file written anew")


def files(broker: EmbeddedValkey) -> list[Path]:
    """The append-only files that commands are written to: one, but for the time of a rewrite."""
    return sorted((broker.directory / "appendonlydir").glob("*.incr.aof"))


def _until_refused(redis: Any, kind: type[Exception], text: str = "") -> None:  # noqa: ANN401 - redis-py mixes its types
    def refused() -> bool:
        try:
            redis.set(_PROBE, "?")
        except kind as error:
            return text in str(error)
        return False

    eventually(refused, what=f"writes refused with {kind.__name__} {text}")


def _taken(redis: Any) -> bool:  # noqa: ANN401 - as above
    with contextlib.suppress(ResponseError):
        redis.set(_PROBE, "?")
        return bool(redis.delete(_PROBE))
    return False


def _client(broker: EmbeddedValkey) -> Any:  # noqa: ANN401 - as above
    return Redis.from_url(broker.url, decode_responses=True)


def _pid(broker: EmbeddedValkey) -> int:
    assert broker.pid is not None, "not started"
    return broker.pid
