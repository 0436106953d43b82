"""`redeem audit`: what operators did, when, and to how many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import click

from tasks.audit import ACTIONS, entries
from worker.cli.connection import connected
from worker.cli.filters import Moment, check_order
from worker.cli.names import ACTION
from worker.cli.printing import json_option, print_json, print_table

_COLUMNS: Final = ("at", "who", "action", "count", "what")


@click.command()
@click.option("--since", type=Moment(), help="Done since: a time, or a while ago (2h, 3d).")
@click.option("--until", type=Moment(), help="Done until: as --since.")
@click.option("--action", type=ACTION, help=f"Only this: {', '.join(ACTIONS)}.")
@click.option("--who", metavar="TEXT", help="Only by those whose name has this in it.")
@json_option
def audit(
    since: datetime | None, until: datetime | None, action: str | None, who: str | None, *, as_json: bool
) -> None:
    """Show what operators did, the newest last."""
    check_order(since, until)

    def rows() -> Iterator[dict[str, Any]]:
        for entry in entries(runtime.ledger, since, until):
            if action in (None, entry["action"]) and (who is None or who.lower() in entry["who"].lower()):
                yield entry | {"at": _iso(entry["at"])}

    with connected() as (_, runtime):
        found = rows()
        if as_json:
            print_json(found)
            return
        first = next(found, None)
        if first is None:
            click.echo("nothing yet" if (since, until, action, who) == (None,) * 4 else "nothing matches")
            return
        print_table(_COLUMNS, ([row[name] for name in _COLUMNS] for row in chain([first], found)))


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
