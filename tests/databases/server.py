"""A database server as a child of the tests: on a loopback port, its data in a directory that goes with it.

Both PostgreSQL and MariaDB refuse to run as root, so there they run as `nobody`. Nothing is flushed to the disk, only
handed to the kernel: that outlives a SIGKILL, which is what tests do to a server; it would not outlive a power cut.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import psutil

from tests.acceptance.kit.polling import eventually
from tests.ports import lasting_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tests.databases.database import Database

_UNPRIVILEGED: Final = "nobody"
_SET_UP_WITHIN: Final = 60.0
_STOPPED_WITHIN: Final = 20.0


class DatabaseServer(ABC):
    """A context manager."""

    dialect: ClassVar[str]

    def __init__(self) -> None:
        self.port = lasting_port()
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self._folder / "data"

    def database(self) -> Database:
        """A new, empty database."""
        self._databases += 1
        name = f"t{self._databases}"
        self._create(name)
        return self._reach(name)

    def kill(self) -> None:
        """SIGKILL, to it and all processes of its own: a crash. `revive` starts it on what it had written."""
        assert self._process is not None, "never started"
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for one in family:
            one.kill()
        self._process.wait()
        eventually(lambda: all(map(_has_ended, family)), within=_STOPPED_WITHIN, what=f"{self.dialect} gone")

    def revive(self) -> None:
        """Start it again, and return once it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (*_dying_with_us(), *self._serve()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,  # the terminal's Ctrl-C is not for it: servers stop last
                **_as_ordinary_user(),
            )
        eventually(self._ended_or_answers, within=_SET_UP_WITHIN, what=f"{self.dialect} answers")
        assert self._process.poll() is None, self.log()

    def log(self) -> str:
        """What the server said."""
        return (self._folder / "log").read_text("utf-8", "replace")

    def _ended_or_answers(self) -> bool:
        assert self._process is not None, "never started"
        return self._process.poll() is not None or self._answers()

    def _run(self, command: Sequence[str]) -> None:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SET_UP_WITHIN,
            cwd=self._folder,
            **_as_ordinary_user(),
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self.dialect}-"))  # pytest's own are closed to other users
        if os.geteuid() == 0:
            shutil.chown(self._folder, _UNPRIVILEGED)
        try:
            self._set_up()
            self.revive()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()  # nobody wants its data any more
        shutil.rmtree(self._folder)

    @abstractmethod
    def _set_up(self) -> None:
        """Lay out `self.data`."""

    @abstractmethod
    def _serve(self) -> Sequence[str]:
        """The command line that serves `self.data` on `self.port`."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it takes statements."""

    @abstractmethod
    def _create(self, name: str) -> None: ...

    @abstractmethod
    def _reach(self, name: str) -> Database: ...


def _as_ordinary_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _dying_with_us() -> tuple[str, ...]:
    """What makes a program end with us, however we end; nothing where there is no such thing."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _has_ended(process: psutil.Process) -> bool:
    """A zombie has: in a container it may take a while until somebody reaps it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
