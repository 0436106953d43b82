"""`redeem show`: one redemption, everything that happened to it, and what can be done about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

import click

from tasks.dead_letters.advice import advise
from tasks.ledger import Ledger, Record, State
from tasks.messages.burying import has_expired, what_came
from tasks.messages.masking import mask_text
from worker.cli.connection import No, connected
from worker.cli.happenings import happening
from worker.cli.plain import plain
from worker.cli.printing import json_option, print_fields, print_json, print_wrapped
from worker.cli.whole_record import known, whole

_GONE: Final = "(gone: what nobody can parse is kept for REDEEM_LEDGER__KEEP_UNREADABLE only)"
_EXCERPT: Final = 2000  # of a bad message: characters, or bytes of what is no text


@click.command()
@click.argument("redemption_id", metavar="ID")
@json_option
def show(redemption_id: str, *, as_json: bool) -> None:
    """Show one redemption with all its attempts; of a dead letter, also what can be done.

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
    if as_json:
        print_json([whole(ledger, record)])
        return
    came = b"" if record.is_redemption else what_came(ledger, record)
    print_fields(known(record) | {"raw": _GONE if has_expired(record, came) else _excerpt(came)})
    if history := record.history():
        click.echo("\nhistory")
        for line in _told(history):
            click.echo(f"  {line}")
    if record.state is State.DEAD:
        _print_advice(record)


def _told(history: list[dict[str, Any]]) -> Iterator[str]:
    lines = [(str(entry["at"])[:19].replace("T", " "), *happening(entry)) for entry in history]
    width = max(len(what) for _, what, _ in lines)
    for at, what, more in lines:
        yield plain(f"{at}  {what.ljust(width)}  {more}".rstrip())


def _print_advice(record: Record) -> None:
    fields = record.fields
    advice = advise(record.reason, record.partner, fields.get("error_code"), fields.get("error_message", ""))
    if advice is None:
        return
    click.echo("\nwhat to do")
    print_wrapped(advice.text, indent="  ")
    command = advice.command.replace(" ID", f" {shlex.quote(record.id)}")
    click.echo(f"\n  {plain(command)}")


def _excerpt(came: bytes) -> str:
    """As much as a person reads; what is no text, with its odd bytes written out, and no address among the rest."""
    try:
        text = came.decode()
    except UnicodeDecodeError:
        text = mask_text(came[:_EXCERPT].decode(errors="backslashreplace"))
    more = " … (--json has all of it)" if len(came) > _EXCERPT else ""
    return text[:_EXCERPT] + more
