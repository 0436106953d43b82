"""When which open rows are looked at again. However many there are, looking takes a small share of the time.

Rows that were relayed just now change soon: the newest are looked at often, by themselves. All that wait are
gone through page by page, and dead letters at a gentler pace, since only a person brings one back. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from worker.relay.table import RowState

_REST: Final = 9.0
"""Times as long as a page took, no other is looked at: a tenth of the time, then, goes into looking."""


@dataclass
class Sweep:
    """A walk through the rows of one state, again and again, beginning at most every `every` seconds."""

    state: RowState
    every: float
    newest: bool = False
    """Only one page, of the newest."""
    after: int | None = None
    """The last id seen; None at the beginning."""
    due: float = 0.0


class Rounds:
    """All sweeps, and whose turn it is.

    The newest are looked at every `pace` seconds; `clock` tells seconds, and never goes back.
    """

    def __init__(self, pace: float, clock: Callable[[], float]) -> None:
        self.sweeps = [
            Sweep(RowState.QUEUED, every=pace, newest=True),
            Sweep(RowState.QUEUED, every=5 * pace),
            Sweep(RowState.RETRYING, every=pace),
            Sweep(RowState.DEAD, every=15 * pace),
        ]
        self._clock = clock
        self._rest_until = 0.0

    def next(self) -> Sweep | None:
        """The sweep to go on with now: of those that are due the one that has waited longest."""
        now = self._clock()
        due = [sweep for sweep in self.sweeps if sweep.due <= now]
        return min(due, key=lambda sweep: sweep.due) if due and self._rest_until <= now else None

    def looked(self, sweep: Sweep, last: int | None, took: float) -> None:
        """A page of it was looked at, up to the id `last` (None: that was the last page), in `took` seconds."""
        now = self._clock()
        sweep.after = last
        sweep.due = now if last is not None else now + sweep.every
        self._rest_until = now + took * _REST

    def seconds_left(self) -> float:
        """Until the next page is due."""
        due = max(self._rest_until, min(sweep.due for sweep in self.sweeps))
        return max(0.0, due - self._clock())
