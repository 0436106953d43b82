"""`redeem show`: one redemption and everything that happened to it."""

from __future__ import annotations

import json
from typing import Any

import click

from tasks.ledger import Ledger, Record
from worker.cli.connection import No, connected
from worker.cli.printing import json_option, print_fields, print_json


@click.command()
@click.argument("redemption_id", metavar="ID")
@json_option
def show(redemption_id: str, *, as_json: bool) -> None:
    """Show one redemption with all its attempts.

    ID is <partner>:<shop>:<order_id>:<CODE>, as `redeem emit` and `redeem status` print it.
    """
    with connected() as (_, runtime):
        print_record(find(runtime.ledger, redemption_id), as_json=as_json)


def find(ledger: Ledger, redemption_id: str) -> Record:
    """The record of that id, the code in any spelling.

    Raises No.
    """
    head, colon, code = redemption_id.rpartition(":")
    record = ledger.find(redemption_id) or ledger.find(f"{head}{colon}{code.upper()}")
    if record is None:
        raise No(f"{redemption_id}: not found")
    return record


def print_record(record: Record, *, as_json: bool) -> None:
    """All that is known of it, personal data aside."""
    known = {**record.to_json(), **_more(record)}
    if as_json:
        print_json([known | {"history": record.history()}])
        return
    print_fields(known)
    if history := record.history():
        click.echo("\nhistory")
        for entry in history:
            told = " ".join(f"{name}={_brief(value)}" for name, value in entry.items() if name not in ("at", "outcome"))
            click.echo(f"  {entry['at']}  {entry.get('outcome', '')}  {told}")


def _more(record: Record) -> dict[str, Any]:
    fields = record.fields
    later = json.loads(fields["later_content"]) if "later_content" in fields else None
    raw = json.loads(fields["raw"]) if "raw" in fields else None
    told = {"note": fields.get("note"), "ambiguous": record.ambiguous or None, "later_content": later, "raw": raw}
    return {name: value for name, value in told.items() if value is not None}


def _brief(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and " " in value else str(value)
