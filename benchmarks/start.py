"""What starts cost, warm: `./run python -m benchmarks.start [HOW OFTEN]` (10 times each if not given).

CPU time of the process from its start to its exit, the median, and as a multiple of what Python itself needs to do
nothing, by turns in one run; by the clock it is the same on an idle machine. What serves or works is imported only:
what it does then depends on the broker.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from typing import Final

_NOTHING: Final = "python -c pass"
_STARTS: Final = {
    _NOTHING: "pass",
    "redeem --help": "import sys; sys.argv = ['redeem', '--help']; from worker.cli import main; main()",
    "redeem schema": "import sys; sys.argv = ['redeem', 'schema']; from worker.cli import main; main()",
    "settings": "from worker.configuration import settings; settings()",
    "redeem status": "import worker.cli.status",
    "redeem check": "import worker.cli.check",
    "redeem emit": "import worker.cli.emit",
    "redeem up": "import worker.cli.up",
    "a worker": "import worker.app",
    "redeem serve": "import worker.web.app",
}


def start(code: str) -> tuple[float, float]:
    """Seconds by the clock, and of CPU, from a process's start to its exit."""
    environment = os.environ | {"REDEEM_BROKER_URL": "redis://127.0.0.1:1/0"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - as above
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure each start so many times, by turns, and print what came of it."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in _STARTS}
    for code in _STARTS.values():
        start(code)  # so that all is compiled
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        for name, code in _STARTS.items():
            took[name].append(start(code))
    busy = {name: statistics.median(cpu for _, cpu in times) for name, times in took.items()}
    print(f"{'':<16}  {'ms':>6}  {'CPU ms':>7}  {'times':>6}")  # noqa: T201 - its result
    for name, times in took.items():
        seconds = statistics.median(one for one, _ in times)
        print(f"{name:<16}  {seconds * 1000:>6.0f}  {busy[name] * 1000:>7.0f}  {busy[name] / busy[_NOTHING]:>6.1f}")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
