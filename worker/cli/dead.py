"""`redeem dead`: the dead letters, to look at, bring back, or close.

What acts on more than one only says what it would do until it is told --yes. Every action leaves an audit entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from itertools import chain, islice

import click

from tasks import audit
from tasks.bad_message import UnknownTask
from tasks.dead_letters import Filters, Refused, discard, find_dead
from tasks.ledger import Ledger, Record, State
from tasks.replaying import replay
from tasks.order_values import Money
from worker.cli.connection import No, connected
from worker.cli.filters import filter_options
from worker.cli.printing import json_option, print_json, print_table
from worker.cli.show import find, print_record
from worker.cli.status import money

_COLUMNS = ("died", "reason", "id", "value", "attempts", "text")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def dead() -> None:
    """List, show, replay and discard dead letters."""


@dead.command("list")
@filter_options
@json_option
def list_(filters: Filters, *, as_json: bool) -> None:
    """List dead letters, oldest first."""
    with connected() as (_, runtime):
        found = find_dead(runtime.ledger, filters)
        if as_json:
            print_json(record.to_json() for record in found)
            return
        records = list(found)
    if not records:
        click.echo("no dead letters" + ("" if filters == Filters() else " match"))
        return
    print_table(_COLUMNS, map(_cells, records))


@dead.command()
@click.argument("letter_id", metavar="ID")
@json_option
def show(letter_id: str, *, as_json: bool) -> None:
    """Show one dead letter with its history."""
    with connected() as (_, runtime):
        print_record(runtime.ledger, _dead(runtime.ledger, letter_id), as_json=as_json)


def _choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """IDs or filters, and --yes; the command receives them as one `choice`."""

    @click.argument("letter_ids", nargs=-1, metavar="[ID]…")
    @click.option("--yes", is_flag=True, help="Do it; without this, more than one is only counted.")
    @filter_options
    @wraps(command)
    def with_choice(letter_ids: tuple[str, ...], filters: Filters, *, yes: bool, **options: bool) -> None:
        command(Choice(letter_ids, filters, sure=yes), **options)

    return with_choice


@dataclass(frozen=True)
class Choice:
    """Which dead letters to act on, and whether the operator is sure."""

    letter_ids: tuple[str, ...]
    filters: Filters
    sure: bool

    def describe(self) -> str:
        """In words, for the audit trail."""
        return ", ".join(self.letter_ids) or self.filters.describe()


@dead.command("replay")
@_choice_options
@json_option
def replay_(choice: Choice, *, as_json: bool) -> None:
    """Bring dead letters back: by ID, or all that the filters match.

    Each is completed and routed anew under today's settings; one that still lacks something is refused and stays.
    """

    def bring_back(record: Record) -> list[str]:
        if record.reason == UnknownTask.reason and not choice.letter_ids:
            raise Refused(_ANOTHER_TASK)
        return replay(app, runtime, record)

    with connected() as (app, runtime):
        _act("replay", runtime.ledger, choice, bring_back, as_json=as_json)


_ANOTHER_TASK = (
    "it is for another task, which may mean something else than a completed order: look at it, and replay it by its ID"
)


@dead.command("discard")
@_choice_options
@json_option
def discard_(choice: Choice, *, as_json: bool) -> None:
    """Close dead letters for good: by ID, or all that the filters match."""

    def close(record: Record) -> list[str]:
        discard(runtime, record)
        return []

    with connected() as (_, runtime):
        _act("discard", runtime.ledger, choice, close, as_json=as_json)


def _act(action: str, ledger: Ledger, choice: Choice, do: Callable[[Record], list[str]], *, as_json: bool) -> None:
    chosen = _chosen(ledger, choice)
    if not choice.sure:
        few = list(islice(chosen, 2))
        if len(few) > 1:
            _say_what_would_happen(action, chain(few, chosen))
        chosen = iter(few)
    done, refused = _do_each(action, chosen, do, as_json=as_json)
    if done:
        audit.record(ledger, action, count=done, what=choice.describe())
    if not done and not refused and not as_json:
        click.echo("no dead letters match")
    if refused:
        raise No(f"{refused} refused")


def _do_each(
    action: str, chosen: Iterable[Record], do: Callable[[Record], list[str]], *, as_json: bool
) -> tuple[int, int]:
    """Act on each letter and say so; how many were done and refused."""
    done = refused = 0
    for record in chosen:
        try:
            ids = do(record)
        except Refused as error:
            refused += 1
            if as_json:
                print_json([{"id": record.id, "refused": str(error)}])
            else:
                click.echo(f"refused  {record.id}: {error}", err=True)
            continue
        done += 1
        if as_json:
            print_json([{"id": record.id, "done": action, "redemptions": ids}])
        else:
            link = f" as {', '.join(ids)}" if ids and ids != [record.id] else ""
            click.echo(f"{_DONE[action]} {record.id}{link}")
    return done, refused


_DONE = {"replay": "replayed", "discard": "discarded"}


def _say_what_would_happen(action: str, records: Iterable[Record]) -> None:
    reasons: Counter[str | None] = Counter()
    value = Money()
    for record in records:
        reasons[record.reason] += 1
        value.add(record)
    worth = money(value.to_json())
    click.echo(f"would {action} {reasons.total()} dead letters" + (f" worth {worth}" if worth else ""))
    for reason, count in reasons.most_common():
        click.echo(f"  {count:>6}  {reason}")
    raise No("nothing done: add --yes to do it")


def _chosen(ledger: Ledger, choice: Choice) -> Iterator[Record]:
    if not choice.letter_ids:
        return find_dead(ledger, choice.filters)
    # All are looked up first: a wrong id among them stops before anything is done.
    records = [_dead(ledger, one) for one in choice.letter_ids]
    return (record for record in records if choice.filters.match(record))


def _dead(ledger: Ledger, letter_id: str) -> Record:
    record = find(ledger, letter_id)
    if record.state is not State.DEAD:
        raise No(f"{record.id}: no dead letter, it is {record.state}")
    return record


def _cells(record: Record) -> tuple[object, ...]:
    died = record.moment("died_at")
    text = record.fields.get("error_message", "")
    value = f"{record.order_value} {record.fields.get('currency', '')}" if record.order_value is not None else None
    return (
        died.strftime("%Y-%m-%d %H:%M:%S") if died else None,
        record.reason,
        record.id,
        value,
        record.attempts or None,
        f"order {record.order_id}: {text}" if record.order_id and not record.is_redemption else text,
    )
