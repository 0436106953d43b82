"""Draws a race's results: `python -m benchmarks.plots RESULTS FOLDER NAME=TITLE…`, in the contenders' environment.

Three pictures: what a job costs, jobs a second, and the waits. Redeem is the coloured one, the others are grey.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from benchmarks.results import middle, share

_OURS: Final = "#0b6e4f"
_OTHERS: Final = "#9aa5ab"
_REDIS: Final = "#d9a441"
_LIGHTER: Final = 0.45


def _colour(name: str) -> str:
    return _OURS if name == "ours" else _OTHERS


def _bars(axes: Axes, names: list[str], values: list[float], form: str) -> None:
    axes.barh(names, values, color=[_colour(name) for name in names], height=0.7)
    for place, value in enumerate(values):
        axes.annotate(form.format(value), (value, place), xytext=(4, 0), textcoords="offset points", va="center")


def _name(axes: Axes, names: list[str], titles: dict[str, str]) -> None:
    axes.set_yticks(range(len(names)), [titles[name] for name in names])
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name == "ours" else "normal")


def cost(found: dict[str, Any], titles: dict[str, str]) -> None:
    """CPU time a job: the worker's, and Redis's behind it."""
    runs = found["drains"]["50"]

    def whole(name: str) -> float:
        return middle(runs[name], "cpu") + middle(runs[name], "redis_cpu")

    names = sorted(runs, key=whole, reverse=True)
    figure, axes = plt.subplots(figsize=(8.5, 4.4))
    workers = [middle(runs[name], "cpu") for name in names]
    axes.barh(names, workers, color=[_colour(name) for name in names], height=0.7)
    axes.barh(
        names,
        [middle(runs[name], "redis_cpu") for name in names],
        left=workers,
        color=_REDIS,
        height=0.7,
        label="Redis",
    )
    for place, name in enumerate(names):
        axes.annotate(
            f"{whole(name):.2f}", (whole(name), place), xytext=(4, 0), textcoords="offset points", va="center"
        )
    _name(axes, names, titles)
    axes.set_title("CPU milliseconds a job, partner 50 ms away (less is better)", loc="left", fontsize=11)
    axes.legend(loc="upper right", frameon=False)
    axes.margins(x=0.1)
    _save(figure, "cost")


def throughput(found: dict[str, Any], titles: dict[str, str]) -> None:
    """Jobs a second, a panel for each latency."""
    drains = found["drains"]
    last = drains["50"]
    names = sorted(last, key=lambda name: middle(last[name], "rate"))
    figure, panels = plt.subplots(1, len(drains), figsize=(10, 4.4), sharey=True, squeeze=False)
    for axes, (latency, runs) in zip(panels[0], drains.items(), strict=True):
        _bars(axes, names, [middle(runs[name], "rate") for name in names], "{:,.0f}")
        axes.set_title(f"partner {latency} ms away", loc="left", fontsize=10)
        axes.margins(x=0.22)
    _name(panels[0][0], names, titles)
    figure.suptitle("Jobs a second, draining a backlog (more is better)", x=0.01, ha="left", fontsize=11)
    _save(figure, "throughput")


def waits(found: dict[str, Any], titles: dict[str, str]) -> None:
    """From the median to the 99th of a hundred; what never came in time is left out."""
    kinds = {kind: found["waits"][kind] for kind in ("cold", "busy")}

    def at(name: str, kind: str, part: float) -> float:
        return share([wait for one in kinds[kind][name] for wait in one], part)

    names = sorted(kinds["cold"], key=lambda name: at(name, "cold", 0.99), reverse=True)
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
    for axes, kind in zip(panels, kinds, strict=True):
        for place, name in enumerate(names):
            low, high = at(name, kind, 0.5), at(name, kind, 0.99)
            if math.isinf(low):
                continue
            high = low if math.isinf(high) else high
            axes.plot([low, high], [place, place], color=_colour(name), linewidth=5, solid_capstyle="butt")
            axes.plot([low], [place], "o", color=_colour(name), markersize=8)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_title(f"{kind} worker", loc="left", fontsize=10)
        axes.grid(axis="x", alpha=0.3)
    _name(panels[0], names, titles)
    figure.suptitle(
        "Milliseconds from enqueueing to the partner, p50 (dot) to p99, at 50 a second (log scale, less is better)",
        x=0.01, ha="left", fontsize=11,
    )  # fmt: skip
    _save(figure, "waits")


def _save(figure: Any, name: str) -> None:  # noqa: ANN401 - matplotlib's Figure
    for axes in figure.axes:
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    figure.savefig(Path(sys.argv[2]) / f"performance-{name}.png", dpi=130, metadata={"Software": None})


def main() -> None:
    """All three."""
    found = json.loads(Path(sys.argv[1]).read_text())
    titles = dict(pair.replace("`", "").split("=", 1) for pair in sys.argv[3:])
    for draw in (cost, throughput, waits):
        draw(found, titles)


if __name__ == "__main__":
    main()
