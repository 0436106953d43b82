"""`redeem emit`: events from files or standard input into the ledger, through the same step as every other door.

What it prints as accepted is journaled and cannot be lost; what is not valid is refused, named and not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import BinaryIO, Final

import click
from redis.exceptions import RedisError

from tasks.acceptance import Accepted, accept
from tasks.event_batch import Found, read_events
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.orders import Order, parse_order
from tasks.plain_text import readable
from worker.cli.connection import connected
from worker.cli.durations import DURATION
from worker.cli.printing import json_option, plain, print_json

_LONGEST_SHOWN: Final = 128


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE…")
@click.option(
    "--patience",
    type=DURATION,
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
    refused = 0
    events = ((file.name + found.place, found) for file in files for found in read_events(file.read()))
    with connected() as (app, runtime):
        for place, found in events:
            try:
                order = _order(found)
            except InvalidEvent as error:
                refused += 1
                _tell_refused(place, found, error, as_json=as_json)
                continue
            try:
                accepted = accept(app, runtime, order, patience=patience)
            except (RedisError, OSError):
                _tell_not_accepted(chain([(place, found)], events), as_json=as_json)
                raise
            _tell_accepted(accepted, as_json=as_json)
    if refused:
        context.exit(1)


def _order(found: Found) -> Order:
    if found.unreadable is not None:
        raise InvalidEvent((FieldError("$", found.unreadable),))
    return parse_order(found.event, now=datetime.now(UTC))


def _tell_refused(place: str, found: Found, error: InvalidEvent, *, as_json: bool) -> None:
    order_id = _order_id(found)
    if as_json:
        errors = [{"path": one.path, "message": one.message} for one in error.errors]
        print_json([{"refused": place, "order_id": order_id, "errors": errors}])
        return
    which = f" (order {order_id})" if order_id else ""
    for one in error.errors:
        click.echo(f"refused  {place}{which}: {one}", err=True)


def _tell_not_accepted(events: Iterator[tuple[str, Found]], *, as_json: bool) -> None:
    """The broker failed with the first of them, and nobody tried the others."""
    if as_json:
        print_json({"not_accepted": place, "order_id": _order_id(found)} for place, found in events)
        return
    place, first = next(events)
    order_id, more = _order_id(first), sum(1 for _ in events)
    which = f" (order {order_id})" if order_id else ""
    others = f", nor are the {more} after it" if more else ""
    click.echo(f"not accepted  {place}{which}{others}: hand in again, what is known already is recognised", err=True)


def _order_id(found: Found) -> str | None:
    """The order's number as it can be shown: it may not have been checked, and be anything, of any length."""
    given = found.event.get("order_id") if isinstance(found.event, dict) else None
    return readable(str(given), _LONGEST_SHOWN) if isinstance(given, str | int) else None


def _tell_accepted(accepted: Accepted, *, as_json: bool) -> None:
    opened = accepted.opened
    if as_json:
        ids = [one.id for one in opened]
        results = {one.id: _WORDS[one.result] for one in opened}
        row = {"order_id": accepted.order.order_id, "redemptions": ids, "results": results}
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not opened:
        click.echo(f"accepted order {plain(accepted.order.order_id)}: no code of a partner, nothing to report")
    for one in opened:
        fate = one.planned.fate
        why = f" ({fate.reason}: {fate.message})" if one.result == "dead" and fate else ""
        click.echo(plain(f"accepted {one.id}  {_WORDS[one.result]}{why}"))


_WORDS = {"ring": "queued", "rest": "waiting for its account", "dead": "dead letter", "duplicate": "known already"}
