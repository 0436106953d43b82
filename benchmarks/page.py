"""Writes what a race has found into docs/performance.md, between its marks, and draws the plots."""

from __future__ import annotations

import re
import subprocess
from typing import Any, Final

from benchmarks import results, tables
from benchmarks.field import FIELD
from benchmarks.pit import ROOT, python

_PAGE: Final = ROOT / "docs" / "performance.md"
_PACKAGES: Final = ("celery", "rq", "dramatiq", "huey", "arq", "taskiq", "taskiq-redis", "saq", "requests", "aiohttp")


def write(found: dict[str, Any]) -> None:
    """Each part stands between `<!-- name -->` and `<!-- /name -->`. Exits where the race was not a whole one."""
    if not (found["drains"].get("50") and found["waits"]["cold"] and found["kills"]):
        raise SystemExit("the page shows a whole race: run it with --full")
    text = _PAGE.read_text("utf-8")
    parts = {
        "circumstances": _circumstances(found),
        "cost": tables.cost(found),
        "throughput": tables.throughput(found),
        "waits": tables.waits(found),
        "kills": tables.kills(found),
        "enqueueing": tables.enqueueing(found),
    }
    for name, part in parts.items():
        place = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.DOTALL)
        text, count = place.subn(lambda marks, it=part: f"{marks[1]}\n{it}\n{marks[2]}", text)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"{_PAGE} has no place for {name}")
    _PAGE.write_text(text, "utf-8")
    command = (python("requirements"), "-m", "benchmarks.plots", results.FILE, _PAGE.parent / "images")
    titles = [f"{one.name}={one.title}" for one in FIELD.values()]
    subprocess.run([*command, *titles], check=True, cwd=ROOT)  # noqa: S603 - of our own


def _circumstances(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {found['versions'][name]}" for name in _PACKAGES)
    rounds = max(len(of) for runs in found["drains"].values() for of in runs.values())
    passes = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    told = (
        f"Measured on {found['date']} at commit `{found['commit']}`: {found['cores']} cores ({found['processor']}), "
        f"which had a load of {found['load']:.1f} from other work when it began; Python {found['python']}, Valkey with "
        f"an append-only file; {passes}. The partner's stub can answer {found['ceiling']:,.0f} calls a second."
    )
    noise = (
        f" Between two rounds a contender's CPU a job differed by up to {tables.spread(found):.0%}."
        if rounds > 1
        else ""
    )
    return f"{told}{noise}\n\n{versions}."
