"""How far long work has come: a bar on standard error, where that is a terminal; nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click
from rich import progress as bars
from rich.console import Console

_WORTH_A_BAR = 20  # steps


class Progress:
    """Of work that is under way; without a bar, it only lets lines through."""

    def __init__(self, bar: bars.Progress | None = None, task: bars.TaskID | None = None) -> None:
        self._bar = bar
        self._task = task

    def step(self) -> None:
        """One more is done."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)

    def say(self, line: str, *, err: bool = False) -> None:
        """A line above the bar."""
        if self._bar is not None and (err or sys.stdout.isatty()):
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(line, err=err)


@contextlib.contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """Show how far `total` steps have come, if they are many and somebody sees it."""
    if total is None or total <= _WORTH_A_BAR or not sys.stderr.isatty():
        yield Progress()
        return
    columns = (
        bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeRemainingColumn(),
    )  # fmt: skip
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Progress(bar, bar.add_task(what, total=total))
