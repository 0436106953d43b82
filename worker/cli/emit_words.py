"""What `redeem emit` says of each event: taken, refused, or not accepted because the broker takes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

import click

from tasks.event_batch import Found
from tasks.plain_text import readable
from worker.cli.emit_batches import Entry
from worker.cli.plain import plain

_LONGEST_SHOWN: Final = 128
_WORDS: Final = {
    "ring": "queued",
    "rest": "waiting for its account",
    "dead": "dead letter",
    "duplicate": "known already",
}
_JSON: Final = json.JSONEncoder(ensure_ascii=False)  # made once: json.dumps would each time


def tell(entries: Iterable[Entry], *, as_json: bool) -> None:
    """What became of each event, in order; refusals go to standard error, unless in JSON."""
    lines = ((bool(entry.errors) and not as_json, line) for entry in entries for line in _lines(entry, as_json))
    for err, run in groupby(lines, key=lambda line: line[0]):
        click.echo("\n".join(line for _, line in run), err=err)


def tell_not_accepted(events: Iterator[tuple[str, Found]], *, as_json: bool) -> None:
    """The broker failed with the first of them, and took none of the others."""
    if as_json:
        for place, found in events:
            click.echo(_JSON.encode({"not_accepted": place, "order_id": _order_id(found)}))
        return
    place, first = next(events)
    order_id, more = _order_id(first), sum(1 for _ in events)
    which = f" (order {order_id})" if order_id else ""
    others = f", nor are the {more} after it" if more else ""
    click.echo(f"not accepted  {place}{which}{others}: hand in again, what is known already is recognised", err=True)


def _lines(entry: Entry, as_json: bool) -> Iterator[str]:  # noqa: FBT001 - private, and named where it is called
    if entry.errors:
        return _refused_json(entry) if as_json else _refused(entry)
    return _accepted_json(entry) if as_json else _accepted(entry)


def _refused(entry: Entry) -> Iterator[str]:
    order_id = _order_id(entry.found)
    which = f" (order {order_id})" if order_id else ""
    for one in entry.errors:
        yield f"refused  {entry.place}{which}: {one}"


def _refused_json(entry: Entry) -> Iterator[str]:
    errors = [{"path": one.path, "message": one.message} for one in entry.errors]
    yield _JSON.encode({"refused": entry.place, "order_id": _order_id(entry.found), "errors": errors})


def _accepted(entry: Entry) -> Iterator[str]:
    if not entry.opened:
        yield f"accepted order {plain(entry.order_id)}: no code of a partner, nothing to report"
    for one in entry.opened:
        fate = one.planned.fate
        why = f" ({fate.reason}: {fate.message})" if one.result == "dead" and fate else ""
        yield plain(f"accepted {one.id}  {_WORDS[one.result]}{why}")


def _accepted_json(entry: Entry) -> Iterator[str]:
    results = {one.id: _WORDS[one.result] for one in entry.opened}
    yield _JSON.encode(
        {"order_id": entry.order_id, "redemptions": [one.id for one in entry.opened], "results": results}
    )


def _order_id(found: Found) -> str | None:
    """The order's number as it can be shown: it may not have been checked, and be anything, of any length."""
    given = found.event.get("order_id") if isinstance(found.event, dict) else None
    return readable(str(given), _LONGEST_SHOWN) if isinstance(given, str | int) else None
