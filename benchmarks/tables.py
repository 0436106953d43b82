"""Tables of a race's results: plain ones for the terminal, Markdown for the page. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.field import FIELD
from benchmarks.results import middle, share, to_bare


def drained(runs: dict[str, list[dict[str, float]]]) -> str:
    """One latency's, for the terminal: medians over the rounds so far."""
    lines = ["contender       jobs/s  CPU ms/job   ×bare  Redis ms   commands   sent   bytes  enqueue µs  wrong"]
    for name, of in runs.items():
        lines.append(
            f"{name:<14} {middle(of, 'rate'):>7,.0f} {middle(of, 'cpu'):>11.2f} {_times(to_bare(runs, name, 'cpu')):>7}"
            f" {middle(of, 'redis_cpu'):>9.2f} {middle(of, 'commands'):>10.1f} {middle(of, 'sent'):>6.1f}"
            f" {middle(of, 'bytes'):>7,.0f} {middle(of, 'enqueued'):>11,.0f} {sum(run['wrong'] for run in of):>6.0f}"
        )
    return "\n".join(lines)


def throughput(found: dict[str, Any]) -> str:
    """Jobs a second at each latency."""
    drains = found["drains"]
    head = ["contender", *(f"jobs/s at {latency} ms" for latency in drains)]
    names = next(iter(drains.values()))
    rows = [[_title(name), *(f"{middle(runs[name], 'rate'):,.0f}" for runs in drains.values())] for name in names]
    return markdown(head, rows)


def cost(found: dict[str, Any]) -> str:
    """What a job costs at 50 ms, the cheapest first."""
    runs = found["drains"]["50"]
    head = ["contender", "CPU ms", "× bare loop", "Redis' CPU ms", "Redis commands", "of them sent", "bytes"]
    rows = [
        [
            _title(name),
            f"{middle(of, 'cpu'):.2f}",
            _times(to_bare(runs, name, "cpu")),
            f"{middle(of, 'redis_cpu'):.2f}",
            f"{middle(of, 'commands'):.1f}",
            f"{middle(of, 'sent'):.1f}",
            f"{middle(of, 'bytes'):,.0f}",
        ]
        for name, of in sorted(runs.items(), key=lambda item: middle(item[1], "cpu"))
    ]
    return markdown(head, rows)


def waits(found: dict[str, Any]) -> str:
    """From handing over to the partner's door."""
    kinds = {kind: found["waits"][kind] for kind in ("cold", "busy")}
    head = ["contender", *(f"{kind}: p50 / p99 ms" for kind in kinds)]
    rows = [[_title(name), *(_pair(of[name]) for of in kinds.values())] for name in kinds["cold"]]
    for count, of in found["waits"]["waiting"].items():
        rows.append([f"**Redeem**, {count} waiting for the other partner", _pair(of), "–"])
    return markdown(head, rows)


def enqueueing(found: dict[str, Any]) -> str:
    """What enqueueing costs its caller, and what one that waits takes of Redis's memory."""
    runs = found["drains"]["50"]
    head = ["contender", "µs to enqueue", "of them CPU", "bytes of Redis' memory while it waits"]
    rows = [
        [_title(name), *(f"{middle(of, figure):,.0f}" for figure in ("enqueued", "enqueued_cpu", "waiting"))]
        for name, of in sorted(runs.items(), key=lambda item: middle(item[1], "enqueued"))
    ]
    return markdown(head, rows)


def kills(found: dict[str, Any]) -> str:
    """After a worker was killed; what each contender promises is told beside it."""
    head = ["contender", "not ended 1½ minutes later", "reached the partner twice", "and then"]
    rows = [
        [_title(name), str(end["open"]), str(end["twice"]), FIELD[name].promise] for name, end in found["kills"].items()
    ]
    return markdown(head, rows)


def spread(found: dict[str, Any]) -> float:
    """The widest difference of CPU a job between a contender's rounds, as a share of its median."""
    alike = [[run["cpu"] for run in of] for runs in found["drains"].values() for of in runs.values()]
    return max((max(cpu) - min(cpu)) / sorted(cpu)[len(cpu) // 2] for cpu in alike)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all but the first column are numbers."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _pair(rounds: list[list[float]]) -> str:
    every = [wait for one in rounds for wait in one]
    return " / ".join("∞" if math.isinf(at) else f"{at:,.1f}" for at in (share(every, 0.5), share(every, 0.99)))


def _title(name: str) -> str:
    title = FIELD[name].title
    return f"**{title}**" if name == "ours" else title


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}"
