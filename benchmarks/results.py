"""What a race has found, as JSON in `.bench/results.json`, with what it was measured on."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

from benchmarks.pit import ROOT

FILE: Final = ROOT / ".bench" / "results.json"


def begun(ceiling: float) -> dict[str, Any]:
    """Nothing measured yet, but what it is measured on; `ceiling` is how many calls a second the partner can answer."""
    return {
        "ceiling": ceiling,
        "commit": _git("rev-parse", "--short", "HEAD") + ("" if not _git("diff", "HEAD", "--stat", *_OURS) else "+"),
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "versions": _versions(),
        "drains": {},
        "waits": {"cold": {}, "busy": {}, "waiting": {}},
        "kills": {},
    }


_OURS: Final = ("--", "config", "tasks", "worker")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603, S607 - as found
    return done.stdout.strip()


def _processor() -> str:
    names = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", names)
    return found[1].strip() if found else platform.machine()


def _versions() -> dict[str, str]:
    locks = [path.read_text() for path in sorted((ROOT / "benchmarks" / "contenders").glob("*.txt"))]
    return dict(reversed([match for lock in locks for match in re.findall(r"(?m)^([\w-]+)==([\w.]+)", lock)]))


def keep(found: dict[str, Any]) -> None:
    """For `kept`."""
    FILE.write_text(json.dumps(found, indent=1))


def kept() -> dict[str, Any]:
    """What the last race has found. Raises FileNotFoundError before the first."""
    return cast("dict[str, Any]", json.loads(FILE.read_text()))


def share(values: list[float], part: float) -> float:
    """The value below which that part of them lies."""
    return sorted(values)[min(len(values) - 1, math.floor(part * len(values)))]


def middle(runs: list[dict[str, float]], figure: str) -> float:
    """The median of one figure over the rounds."""
    return median(run[figure] for run in runs)


def to_bare(runs: dict[str, list[dict[str, float]]], name: str, figure: str) -> float | None:
    """The median over the rounds of a figure as a multiple of the bare loop's in the same round."""
    if "bare" not in runs or name not in runs:
        return None
    return median(one[figure] / bare[figure] for one, bare in zip(runs[name], runs["bare"], strict=False))
