"""Redeem against the other queues, all with the same job, partner and Redis; docs/performance.md tells what it means.

    ./run python -m benchmarks.race                       every contender once, at 50 ms: a minute or two
    ./run python -m benchmarks.race --only ours,bare --rounds 3
    ./run python -m benchmarks.race --full --write        all that docs/performance.md shows: half an hour

The contenders take turns. Prints for each the jobs a second while it drains a backlog, and what a job costs: CPU time
of the worker's processes and of Redis, Redis's commands (and how many of them a client sent; the rest was run by
scripts) and bytes. What was measured stays in `.bench/results.json`; `--write` alone writes the page of that again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from benchmarks import results
from benchmarks.field import FIELD
from benchmarks.measures import ceiling, drain, evenly, killed
from benchmarks.page import write
from benchmarks.tables import drained

_FULL = (0.0, 50.0, 200.0)
_WAITING = 100_000
_KILLS = 90.0
_KILLED_AT_A_TIME = 4


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(FIELD), help="contenders, between commas")
    parser.add_argument("--ours", help="other commands of our worker than the Procfile's, between semicolons")
    parser.add_argument("--latency", default="50", help="the partner's in ms; several between commas")
    parser.add_argument("--jobs", type=int, default=1000, help="of one backlog")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8.0, help="for which one backlog is measured at most")
    parser.add_argument("--waits", type=float, default=0.0, help="measure waits too, for so many seconds each")
    parser.add_argument("--waiting", type=int, default=0, help="so many redemptions wait for the other partner (ours)")
    parser.add_argument("--kills", type=float, default=0.0, help="kill the workers too, and look so many seconds later")
    parser.add_argument("--full", action="store_true", help="three latencies, waits, and kills")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md's tables and plots")
    asked = parser.parse_args(words)
    asked.measure = asked.full or not asked.write
    asked.latencies = _FULL if asked.full else tuple(map(float, asked.latency.split(",")))
    if asked.full:
        asked.rounds, asked.jobs = max(asked.rounds, 1), max(asked.jobs, 2000)
        asked.waits, asked.waiting = asked.waits or 8.0, asked.waiting or _WAITING
        asked.kills = asked.kills or _KILLS
    return asked


def _race(asked: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for, the contenders taking turns; and told as it comes."""
    found = results.begun(ceiling())
    names = asked.only.split(",")
    for round_ in range(asked.rounds):
        for latency in asked.latencies:
            runs: dict[str, Any] = found["drains"].setdefault(f"{latency:g}", {})
            for name in names if round_ % 2 == 0 else reversed(names):
                figures = drain(name, latency, asked.jobs, asked.seconds)
                runs.setdefault(name, []).append(asdict(figures))
            _say(f"partner latency {latency:g} ms, round {round_ + 1}\n{drained(runs)}")
        if asked.waits:
            _wait(found["waits"], names, asked)
    if asked.kills:
        with ThreadPoolExecutor(_KILLED_AT_A_TIME) as pool:  # they mostly wait
            ends = pool.map(lambda name: killed(name, asked.kills), names)
            found["kills"] = {name: asdict(end) for name, end in zip(names, ends, strict=True)}
        _say(f"after a kill: {found['kills']}")
    return found


def _wait(found: dict[str, Any], names: Sequence[str], asked: argparse.Namespace) -> None:
    for kind in ("cold", "busy"):
        for name in names:
            waits = evenly(name, asked.waits, busy=kind == "busy")
            found[kind].setdefault(name, []).append(waits)
            _say(f"{kind} {name}: p50 {results.share(waits, 0.5):.1f} ms, p99 {results.share(waits, 0.99):.1f} ms")
    if asked.waiting and "ours" in names:
        waits = evenly("ours", asked.waits, busy=False, waiting=asked.waiting)
        found["waiting"].setdefault(f"{asked.waiting:,}", []).append(waits)
        _say(
            f"{asked.waiting} waiting, ours: p50 {results.share(waits, 0.5):.1f}, p99 {results.share(waits, 0.99):.1f}"
        )


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the result


def main(words: Sequence[str] | None = None) -> None:
    """Run what was asked for."""
    asked = _arguments(words)
    if asked.ours:
        FIELD["ours"] = replace(FIELD["ours"], commands=tuple(asked.ours.split(";")))
    if asked.measure:
        found = _race(asked)
        _say(f"the partner can answer {found['ceiling']:,.0f} calls a second")
        results.keep(found)
    if asked.write:
        write(results.kept())


if __name__ == "__main__":
    main()
