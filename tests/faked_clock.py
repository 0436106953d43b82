"""Runs a command under another date: `./run python -m tests.faked_clock 2028-02-29 pytest`, or `+730d` for WHEN.

libfaketime (Debian's package `faketime`) moves the wall clock of the command and of all that it starts by the same
number of seconds: workers, Valkey, databases. What measures durations stays as it is. `tests/test_other_days.py` runs
the whole suite so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VARIABLES: Final = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")
"""What a process must be started with to live under the same date as its parent."""

_LIBRARY: Final = "faketime/libfaketimeMT.so.1"
_USAGE: Final = "usage: python -m tests.faked_clock WHEN COMMAND [ARGUMENT…]; WHEN is 2028-02-29T23:50, or +730d"
# libfaketime 0.9.10, that of Debian 12, takes its offset off every absolute time that somebody sleeps until, whatever
# clock that is on. Python sleeps until a time on the monotonic one, and would get EINVAL.
_SLEEP: Final = """
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    return syscall(SYS_clock_nanosleep, clock, flags, until, left) == 0 ? 0 : errno;
}
"""


class NoFakedClock(Exception):  # noqa: N818 - named by what it says of the machine
    """This machine cannot fake a clock; the text says what it lacks."""


def same_clock() -> dict[str, str]:
    """The variables that keep a process under the date of this one, for an environment that has no others."""
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


@contextmanager
def faked_clock(ahead: timedelta) -> Iterator[dict[str, str]]:
    """An environment in which it is so much later, this one besides. Raises NoFakedClock."""
    with tempfile.TemporaryDirectory(prefix="faked-clock-") as folder:
        Path(folder).chmod(0o755)  # a database server runs as a user of its own
        variables = {"FAKETIME": f"{ahead.total_seconds():+.0f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        environment = os.environ | variables | {"LD_PRELOAD": str(_library())}
        if not _sleeps(environment):
            environment["LD_PRELOAD"] = f"{_compiled(_SLEEP, Path(folder))}:{_library()}"
            if not _sleeps(environment):
                raise NoFakedClock("under libfaketime no Python here can sleep")
        yield environment


def ahead_of_now(when: str) -> timedelta:
    """How far in the future a moment is: an ISO date, at noon, or time, in UTC unless it says otherwise, or `+N` days.

    Raises ValueError.
    """
    if days := re.fullmatch(r"\+(\d{1,5})d", when):
        return timedelta(days=int(days[1]))
    moment = datetime.fromisoformat(when if len(when) > len("2028-02-29") else f"{when}T12:00")
    return moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)


def _library() -> Path:
    for folder in ("/usr/lib", "/usr/lib64", "/usr/local/lib"):
        for found in (Path(folder) / _LIBRARY, *Path(folder).glob(f"*-linux-gnu*/{_LIBRARY}")):
            if found.exists():
                return found
    raise NoFakedClock("there is no libfaketime (Debian's package faketime)")


def _sleeps(environment: dict[str, str]) -> bool:
    command = [sys.executable, "-c", "import time; time.sleep(0.001)"]
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode == 0


def _compiled(source: str, folder: Path) -> Path:
    built = folder / "sleep.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(built), "-x", "c", "-"]
    try:
        subprocess.run(command, input=source, text=True, capture_output=True, timeout=60, check=True)
    except FileNotFoundError:
        raise NoFakedClock("this libfaketime needs a C compiler beside it (Debian's packages gcc, libc6-dev)") from None
    except subprocess.CalledProcessError as error:
        raise NoFakedClock(f"the C compiler failed: {error.stderr}") from error
    return built


def main(words: Sequence[str]) -> int:
    """The exit status of the command, 2 for wrong use and for a machine that cannot do this."""
    if len(words) < 2:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    try:
        with faked_clock(ahead_of_now(words[0])) as environment:
            return subprocess.run(words[1:], env=environment, check=False).returncode
    except (ValueError, NoFakedClock) as error:
        sys.stderr.write(f"{error}\n{_USAGE}\n")
        return 2
    except KeyboardInterrupt:  # which the command got as well
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
