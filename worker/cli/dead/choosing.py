"""Which dead letters a command acts on, and the question before it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, Final

import click

from tasks.dead_letters.amendment import UNCHANGED, Amendment
from tasks.dead_letters.finding import Filters, count_dead
from tasks.dead_letters.selection import Preview, Selection, preview
from tasks.ledger import Ledger
from worker.cli.connection import No
from worker.cli.dead.looking import dead_letter
from worker.cli.filters import filter_options
from worker.cli.plain import plain
from worker.cli.printing import print_json
from worker.cli.status import money

_NOTHING_DONE: Final = "nothing done: add --yes to do it"


@dataclass(frozen=True)
class Choice:
    """Which dead letters to act on, and whether the operator is sure."""

    letter_ids: tuple[str, ...]
    filters: Filters
    every: bool
    sure: bool

    def selection(self, ledger: Ledger) -> Selection:
        """The same, each id found to be a dead letter: a wrong one among them stops before anything is done.

        Raises No.
        """
        ids = tuple(dict.fromkeys(dead_letter(ledger, one).id for one in self.letter_ids))
        return Selection(self.filters, ids, self.every)


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """IDs or filters or --all, and --yes; the command receives them as one `choice`."""

    @click.argument("letter_ids", nargs=-1, metavar="[ID]…")
    @click.option("--all", "every", is_flag=True, help="Every dead letter there is.")
    @click.option("--yes", is_flag=True, help="Do it without asking; off a terminal more than one needs it.")
    @filter_options
    @wraps(command)
    def with_choice(letter_ids: tuple[str, ...], filters: Filters, *, every: bool, yes: bool, **options: Any) -> None:  # noqa: ANN401 - whatever the command takes
        named = bool(letter_ids) or filters != Filters()
        if named and every:
            raise click.UsageError("--all means every dead letter: give it without IDs and filters")
        if not named and not every:
            raise click.UsageError("say which: ids, filters, or --all")
        command(Choice(letter_ids, filters, every, sure=yes), **options)

    return with_choice


def is_many(ledger: Ledger, selection: Selection) -> bool:
    """Whether it is more than one letter."""
    return len(list(islice(selection.find(ledger), 2))) > 1


def how_many(ledger: Ledger, selection: Selection) -> int | None:
    """How many letters, for a progress bar; None where nobody sees one."""
    if not sys.stderr.isatty():
        return None
    return len(selection.ids) or count_dead(ledger, selection.filters)


def confirm(
    action: str, ledger: Ledger, selection: Selection, *, amendment: Amendment = UNCHANGED, as_json: bool
) -> Selection:
    """Ask on a terminal, whatever the number; elsewhere more than one is only told of.

    Returns what may be done: where it asked, without what dies after the question. Raises No where nothing may.
    """
    asked = selection.as_of(ledger.now())
    there_is_somebody = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    few = list(islice(asked.find(ledger), 2))
    if not few or (len(few) == 1 and not there_is_somebody):
        return selection
    found = preview(ledger, asked)
    if as_json:
        reasons = dict(found.reasons.most_common())
        print_json([{"would": action, "count": found.count, "reasons": reasons, "money": found.money.to_json()}])
        raise No(_NOTHING_DONE)
    which = f"{found.count} dead letters" if len(few) > 1 else f"the dead letter {plain(few[0].id)}"
    worth = money(found.money.to_json())
    told = f"{action} {which}" + (f" worth {worth}" if worth else "")
    _tell_reasons(found, "" if there_is_somebody else f"would {told}")
    for name, value in amendment.told().items():
        click.echo(plain(f"  take out {name}" if value is None else f"  set {name}={value}"))
    if not there_is_somebody:
        raise No(_NOTHING_DONE)
    if not click.confirm(f"{told}?"):
        raise No("nothing done")
    return asked


def _tell_reasons(found: Preview, head: str) -> None:
    if head:
        click.echo(head)
    for reason, count in found.reasons.most_common():
        click.echo(f"  {count:>6}  {reason}")
