"""Acting on dead letters one after the other, and telling of it: a line each, or of many a progress bar and a sum."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Generator
from threading import Event

import click

from tasks.dead_letters.acting import Outcome
from worker.cli.connection import No
from worker.cli.dead.choosing import Choice
from worker.cli.names import remark_on_shop
from worker.cli.plain import plain
from worker.cli.printing import print_json
from worker.cli.progress import Progress, progress

_DONE = {"replay": "replayed", "discard": "discarded"}
_FEW = 20  # letters; of more on a terminal a line each is no help


def tell(
    action: str, outcomes: Generator[Outcome], choice: Choice, stop: Event, *, total: int | None, as_json: bool
) -> None:
    """Take the outcomes as they come and print each; `total` is how many there will be about, if that is known.

    Raises No where any was refused, or the work was stopped.
    """
    counted: Counter[str] = Counter()
    quiet = total is not None and total > _FEW and sys.stdout.isatty() and not as_json
    try:
        with contextlib.closing(outcomes), progress(f"{action}ing", total) as shown:
            for outcome in outcomes:
                counted["refused" if outcome.refused else "done"] += 1
                shown.step()
                _tell_one(action, outcome, shown, quiet=quiet, as_json=as_json)
    finally:
        if quiet:
            click.echo(f"{_DONE[action]} {counted['done']} of {total}")
    if not counted and not as_json:
        click.echo("no dead letters match")
        remark_on_shop(choice.filters.shop)
    if stop.is_set():
        raise No(f"stopped: {counted['done']} {_DONE[action]}; what is left is as it was, and can be taken up again")
    if counted["refused"]:
        raise No(f"{counted['refused']} refused")


def _tell_one(action: str, outcome: Outcome, shown: Progress, *, quiet: bool, as_json: bool) -> None:
    if as_json:
        told = {"refused": outcome.refused} if outcome.refused else {
            "done": action, "redemptions": list(outcome.redemptions)
        }  # fmt: skip
        print_json([{"id": outcome.id, **told}])
    elif outcome.refused:
        shown.say(f"refused  {plain(outcome.id)}: {plain(outcome.refused)}", err=True)
    elif not quiet:
        others = outcome.redemptions if outcome.redemptions != (outcome.id,) else ()
        link = f" as {', '.join(others)}" if others else ""
        shown.say(plain(f"{_DONE[action]} {outcome.id}{link}"))
