"""Redeem against the other queues, all with the same job, partner and Redis; docs/performance.md tells what it means.

`./run python -m benchmarks.race [--only ours,bare] [--latency 50] [--jobs 1500] [--rounds 1]`. Prints for each
contender jobs a second while it drains a backlog, and what a job costs: CPU time of the worker's processes and of
Redis, Redis's commands (those in scripts included), round trips to it and bytes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.course import Course
from benchmarks.field import FIELD

_WARM: Final = 0.25
"""The share of the backlog that is done before anything is measured: workers start, connect and warm up."""
_ENOUGH: Final = 0.95
"""The share after which nothing is measured any more: at the end not all threads have work."""
_START_WITHIN: Final = 60.0


@dataclass(frozen=True)
class Drained:
    """One backlog's figures, per job; CPU in ms."""

    rate: float
    cpu: float
    redis_cpu: float
    commands: float
    trips: float
    bytes: float
    partner_cpu: float
    wrong: int
    """Orders that did not reach the partner exactly once."""


def drain(name: str, latency: float, jobs: int, seconds: float) -> Drained:
    """A backlog of `jobs`; measured for at most `seconds`."""
    with Course(FIELD[name], latency) as course:
        course.enqueue(0, jobs)
        with course.working():
            course.until_answered(int(jobs * _WARM), time.monotonic() + _START_WITHIN)
            before = course.look()
            course.until_answered(int(jobs * _ENOUGH), time.monotonic() + seconds)
            after = course.look()
            ended = course.until_recorded(jobs, time.monotonic() + seconds)
            calls = course.calls()
    count = after.answered - before.answered
    took = calls["answered"][after.answered - 1] - calls["answered"][before.answered - 1]
    orders = [order for order, _ in calls["arrived"]]
    return Drained(
        rate=count / took,
        cpu=(after.worker - before.worker) / count * 1000,
        redis_cpu=(after.redis - before.redis) / count * 1000,
        commands=(after.commands - before.commands) / count,
        trips=(after.trips - before.trips) / count,
        bytes=(after.bytes - before.bytes) / count,
        partner_cpu=(after.partner - before.partner) / count * 1000,
        wrong=len(orders) - len(set(orders)) + (jobs - len(set(orders)) if ended == jobs else 0),
    )


def table(results: dict[str, list[Drained]]) -> str:
    """Medians, and CPU as a ratio to the bare loop's."""
    lines = ["contender    jobs/s  CPU ms/job   ×bare  Redis ms   commands   trips  bytes   wrong"]
    middle = {name: {field: statistics.median(getattr(run, field) for run in runs) for field in Drained.__annotations__}
              for name, runs in results.items()}  # fmt: skip
    bare = middle.get("bare", {}).get("cpu")
    for name, of in middle.items():
        ratio = f"{of['cpu'] / bare:.2f}" if bare else "–"
        lines.append(
            f"{name:<10} {of['rate']:>8,.0f} {of['cpu']:>11.2f} {ratio:>7} {of['redis_cpu']:>9.2f}"
            f" {of['commands']:>10.1f} {of['trips']:>7.1f} {of['bytes']:>6,.0f} {of['wrong']:>7.0f}"
        )
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Run what was asked for, interleaved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default=",".join(FIELD), help="contenders, between commas")
    parser.add_argument("--latency", default="50", help="the partner's in ms; several between commas")
    parser.add_argument("--jobs", type=int, default=1500, help="of one backlog")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15.0, help="for which one backlog is measured at most")
    asked = parser.parse_args(words)
    for latency in map(float, asked.latency.split(",")):
        results: dict[str, list[Drained]] = {}
        for _ in range(asked.rounds):
            for name in asked.only.split(","):
                results.setdefault(name, []).append(drain(name, latency, asked.jobs, asked.seconds))
        print(f"partner latency {latency:g} ms\n{table(results)}", flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
