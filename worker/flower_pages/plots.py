"""Small plots as inline SVG, made here: no script has to be loaded to see whether a day was a bad one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from worker.flower_pages.snapshot import Day

_WIDTH: Final = 7  # of a day's bar, in the plot's units
_GAP: Final = 2
_HEIGHT: Final = 34
_LEAST: Final = 1.5  # what is not nothing can be seen


def days_plot(days: Sequence[Day]) -> str:
    """Bars of what was redeemed and, upon it, of what died, a day each; the whole is told in words, too."""
    most = max((day.redeemed + day.dead for day in days), default=0)
    redeemed, dead = sum(day.redeemed for day in days), sum(day.dead for day in days)
    label = f"The last {len(days)} days: {redeemed:,} redeemed, {dead:,} dead"
    width = len(days) * (_WIDTH + _GAP) - _GAP
    bars = "".join(_bars(n * (_WIDTH + _GAP), day, most) for n, day in enumerate(days))
    return (
        f'<svg class="days-plot" viewBox="0 0 {width} {_HEIGHT + 1}" width="{width}" height="{_HEIGHT + 1}" '
        f'role="img" aria-label="{label}"><title>{label}</title>{bars}</svg>'
    )


def _bars(x: int, day: Day, most: int) -> str:
    title = f"<title>{day.date:%a %d %b}: {day.redeemed:,} redeemed, {day.dead:,} dead</title>"
    ground = f'<rect class="plot-ground" x="{x}" y="{_HEIGHT}" width="{_WIDTH}" height="1"/>'
    good, bad = _length(day.redeemed, most), _length(day.dead, most)
    top = _HEIGHT - good
    return (
        f'<g>{title}<rect class="plot-day" x="{x}" y="0" width="{_WIDTH}" height="{_HEIGHT}"/>{ground}'
        f'<rect class="plot-redeemed" x="{x}" y="{top:.1f}" width="{_WIDTH}" height="{good:.1f}"/>'
        f'<rect class="plot-dead" x="{x}" y="{top - bad:.1f}" width="{_WIDTH}" height="{bad:.1f}"/></g>'
    )


def _length(count: int, most: int) -> float:
    return max(_LEAST, count / most * (_HEIGHT - _LEAST)) if count else 0.0
