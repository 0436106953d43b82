"""`redeem emit`: events from files or standard input into the ledger, through the same step as every other door.

What it prints as accepted is journaled and cannot be lost; what is not valid is refused, named and not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import click

from tasks.acceptance import Accepted, accept
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.orders import Order, parse_order
from tasks.plain_text import readable
from worker.cli.connection import connected
from worker.cli.printing import json_option, print_json

_LONGEST_SHOWN: Final = 128


@dataclass(frozen=True)
class Found:
    """One event in a file: where it stands, for messages, and what it is; or why it cannot be read."""

    place: str
    event: Any = None
    unreadable: str | None = None


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE…")
@json_option
@click.pass_context
def emit(context: click.Context, files: tuple[BinaryIO, ...], *, as_json: bool) -> None:
    """Validate order-completed events and journal them.

    FILE holds JSON (one event, or an array of them) or JSON Lines; - is standard input. Each event is taken whole or
    not at all. The exit status is 1 if any was refused.
    """
    refused = 0
    with connected() as (app, runtime):
        for found in (found for file in files for found in read_events(file.read(), file.name)):
            try:
                order = _order(found)
            except InvalidEvent as error:
                refused += 1
                _tell_refused(found, error, as_json=as_json)
            else:
                _tell_accepted(accept(app, runtime, order), as_json=as_json)
    if refused:
        context.exit(1)


def _order(found: Found) -> Order:
    if found.unreadable is not None:
        raise InvalidEvent((FieldError("$", found.unreadable),))
    return parse_order(found.event, now=datetime.now(UTC))


def read_events(content: bytes, name: str) -> Iterator[Found]:
    """The events of one file: a JSON object, an array of them, or JSON Lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Found(name, unreadable=f"not UTF-8 at byte {error.start}")
        return
    try:
        whole = _loads(text)
    except ValueError as error:
        yield from _read_lines(text, name, error)
        return
    if isinstance(whole, list):
        yield from (Found(f"{name}[{number}]", event) for number, event in enumerate(whole))
    else:
        yield Found(name, whole)


def _read_lines(text: str, name: str, error: ValueError) -> Iterator[Found]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        yield Found(name, unreadable="empty")
        return
    if not _is_json(lines[0][1]):  # a pretty-printed object with a fault in it, not lines
        yield Found(name, unreadable=f"not JSON: {error}")
        return
    for number, line in lines:
        try:
            yield Found(f"{name}:{number}", _loads(line))
        except ValueError as fault:
            yield Found(f"{name}:{number}", unreadable=f"not JSON: {fault}")


def _loads(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None  # the traceback is a thousand equal lines


def _no_constant(name: str) -> Any:  # noqa: ANN401 - json's own signature
    raise ValueError(f"{name} is no JSON")


def _is_json(line: str) -> bool:
    try:
        _loads(line)
    except ValueError:
        return False
    return True


def _tell_refused(found: Found, error: InvalidEvent, *, as_json: bool) -> None:
    given = found.event.get("order_id") if isinstance(found.event, dict) else None
    # It was not checked: it may be anything, of any length.
    order_id = readable(str(given), _LONGEST_SHOWN) if isinstance(given, str | int) else None
    if as_json:
        errors = [{"path": one.path, "message": one.message} for one in error.errors]
        print_json([{"refused": found.place, "order_id": order_id, "errors": errors}])
        return
    which = f" (order {order_id})" if order_id else ""
    for one in error.errors:
        click.echo(f"refused  {found.place}{which}: {one}", err=True)


def _tell_accepted(accepted: Accepted, *, as_json: bool) -> None:
    opened = accepted.opened
    if as_json:
        ids = [one.id for one in opened]
        results = {one.id: _WORDS[one.result] for one in opened}
        row = {"order_id": accepted.order.order_id, "redemptions": ids, "results": results}
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not opened:
        click.echo(f"accepted order {accepted.order.order_id}: no code of a partner, nothing to report")
    for one in opened:
        fate = one.planned.fate
        why = f" ({fate.reason}: {fate.message})" if one.result == "dead" and fate else ""
        click.echo(f"accepted {one.id}  {_WORDS[one.result]}{why}")


_WORDS = {"ring": "queued", "rest": "waiting for its account", "dead": "dead letter", "duplicate": "known already"}
