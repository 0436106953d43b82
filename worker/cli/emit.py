"""`redeem emit`: events from files or standard input into the ledger, through the same step as every other door.

What it prints as accepted is journaled and cannot be lost; what is not valid is refused, named and not kept.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, dropwhile, takewhile
from typing import BinaryIO, Final

import click

from config.durations import Within
from tasks.acceptance import open_prepared
from tasks.event_batch import Found, read_events
from worker.cli.connection import connected
from worker.cli.durations import Duration
from worker.cli.emit_batches import Entry, NotTaken, OneAhead, batches, entries
from worker.cli.emit_words import tell, tell_not_accepted
from worker.cli.other_installations import refuse_where_only_others_work
from worker.cli.printing import json_option
from worker.configuration import settings

_TURN: Final = 0.0005
"""Seconds after which the thread that waits for Redis has its turn: with Python's 5 ms Redis would stand idle."""

_ALLOCATIONS: Final = 50_000
"""After so many, some batches' worth, new objects are looked through for garbage: events hardly leave any."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE…")
@click.option(
    "--patience",
    type=Duration(Within("0s", "1d", "nobody waits that long")),
    default="20s",
    show_default=True,
    help="How long to wait for a broker that takes nothing.",
)
@json_option
@click.pass_context
def emit(context: click.Context, files: tuple[BinaryIO, ...], patience: float, *, as_json: bool) -> None:
    """Validate order-completed events and journal them.

    FILE holds JSON (one event, or an array of them) or JSON Lines; - is standard input. Each event is taken whole or
    not at all. The exit status is 1 if any was refused, or not taken by the broker.
    """
    events = _events(files)
    with connected(settings()) as (_, runtime):
        refuse_where_only_others_work(runtime)
        gc.freeze()  # what is there now stays to the end: looking through it again and again took a sixth of the time
        gc.set_threshold(_ALLOCATIONS)
        sys.setswitchinterval(_TURN)
        ahead = OneAhead(lambda opening: open_prepared(runtime, opening, patience=patience))
        refused = 0
        try:
            for batch in batches(entries(events, runtime.settings)):
                refused += sum(bool(entry.errors) for entry in batch)
                tell(ahead.hand_in(batch), as_json=as_json)
            tell(ahead.finish(), as_json=as_json)
        except NotTaken as failure:
            _give_up(failure.entries, events, as_json=as_json)
            raise failure.reason from None
    if refused:
        context.exit(1)


def _events(files: Sequence[BinaryIO]) -> Iterator[tuple[str, Found]]:
    for file in files:
        try:
            content = file.read()
        except OSError as error:
            yield file.name, Found(unreadable=f"cannot be read: {error.strerror}")
            continue
        yield from ((file.name + found.place, found) for found in read_events(content))


def _give_up(untaken: Sequence[Entry], events: Iterator[tuple[str, Found]], *, as_json: bool) -> None:
    """Name what was not taken: all there is, from the first valid event on."""
    tell(takewhile(_is_refused, untaken), as_json=as_json)
    waiting = ((entry.place, entry.found) for entry in dropwhile(_is_refused, untaken))
    tell_not_accepted(chain(waiting, events), as_json=as_json)


def _is_refused(entry: Entry) -> bool:
    return bool(entry.errors)
