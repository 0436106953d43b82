"""`redeem show`: one redemption and everything that happened to it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Final

import click

from tasks.bad_messages import what_came
from tasks.ledger import Ledger, Record
from tasks.message_masking import mask_text
from worker.cli.connection import No, connected
from worker.cli.printing import json_option, print_fields, print_json

_EXCERPT: Final = 2000  # of a bad message: characters, or bytes of what is no text


@click.command()
@click.argument("redemption_id", metavar="ID")
@json_option
def show(redemption_id: str, *, as_json: bool) -> None:
    """Show one redemption with all its attempts.

    ID is <partner>:<shop>:<order_id>:<CODE>, as `redeem emit` and `redeem status` print it.
    """
    with connected() as (_, runtime):
        print_record(runtime.ledger, find(runtime.ledger, redemption_id), as_json=as_json)


def find(ledger: Ledger, redemption_id: str) -> Record:
    """The record of that id, the code in any spelling.

    Raises No.
    """
    head, colon, code = redemption_id.rpartition(":")
    record = ledger.find(redemption_id) or ledger.find(f"{head}{colon}{code.upper()}")
    if record is None:
        raise No(f"{redemption_id}: not found")
    return record


def print_record(ledger: Ledger, record: Record, *, as_json: bool) -> None:
    """All that is known of it, personal data aside; of what a bad message was made of, a table shows the beginning.

    Raises redis.RedisError.
    """
    known = {**record.to_json(), **_more(record)}
    came = b"" if record.is_redemption else what_came(ledger, record)
    if as_json:
        print_json([known | _whole(came) | {"history": record.history()}])
        return
    print_fields(known | {"raw": _excerpt(came)})
    if history := record.history():
        click.echo("\nhistory")
        for entry in history:
            told = " ".join(f"{name}={_brief(value)}" for name, value in entry.items() if name not in ("at", "outcome"))
            click.echo(f"  {entry['at']}  {entry.get('outcome', '')}  {told}")


def _more(record: Record) -> dict[str, Any]:
    fields = record.fields
    later = json.loads(fields["later_content"]) if "later_content" in fields else None
    told = {
        "note": fields.get("note"),
        "ambiguous": record.ambiguous or None,
        "later_content": later,
        "queue": fields.get("queue"),
        "raw_bytes": int(fields["raw_bytes"]) if "raw_bytes" in fields else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _whole(came: bytes) -> dict[str, str]:
    if not came:
        return {}
    try:
        return {"raw": came.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": b64encode(came).decode()}


def _excerpt(came: bytes) -> str:
    """As much as a person reads; what is no text, with its odd bytes written out, and no address among the rest."""
    try:
        text = came.decode()
    except UnicodeDecodeError:
        text = mask_text(came[:_EXCERPT].decode(errors="backslashreplace"))
    more = " … (--json has all of it)" if len(came) > _EXCERPT else ""
    return text[:_EXCERPT] + more


def _brief(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and " " in value else str(value)
