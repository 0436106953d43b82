"""`redeem dead replay`."""

from __future__ import annotations

import re
from typing import Any

import click

from tasks.dead_letters.acting import DEFAULT_RATE, replay_all
from tasks.dead_letters.amendment import Amendment, InvalidAmendment
from tasks.dead_letters.amendment_text import parse_amendment
from worker.cli.connection import connected
from worker.cli.dead.acting import tell
from worker.cli.dead.choosing import Choice, choice_options, confirm, how_many, is_many
from worker.cli.dead.stopping import stopped_by_ctrl_c
from worker.cli.printing import json_option
from worker.configuration import settings

_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(?:\s*/\s*(s|sec|second|m|min|minute|h|hour))?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Rate(click.ParamType[float]):
    """So many a second, or `100/min`, `5000/h`."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own signature
        """Parse, or fail with a sentence that says what is expected."""
        found = _RATE.fullmatch(str(value).strip())
        if found is None:
            self.fail(
                f"{value!r} is no rate such as 10 (a second), 100/min or 5000/h; 0 is as fast as it goes", param, ctx
            )
        return float(found[1]) / _SECONDS[(found[2] or "s")[0]]


@click.command()
@choice_options
@click.option(
    "--set",
    "texts",
    metavar="FIELD=VALUE",
    multiple=True,
    help="Set a field right, as in the event; FIELD= takes it out. May be given several times.",
)
@click.option(
    "--rate",
    type=Rate(),
    default=DEFAULT_RATE,
    metavar="RATE",
    help=f"At most so many a second, or 100/min; 0: as fast as it goes. Default: {DEFAULT_RATE:g}, as a partner that "
    "has just come back has a backlog besides ours.",
)
@json_option
def replay(choice: Choice, *, texts: tuple[str, ...], rate: float, as_json: bool) -> None:
    """Bring dead letters back, by ID, by filters, or --all.

    Each is completed and routed anew under today's settings; one that still lacks something is refused and stays.

    \b
      --set order_value=12.00 --set currency=EUR
            what was missing
      --set code=AB12
            another code, order_id, shop or partner is another redemption:
            that is sent unless it is known, and this one closed with a link
      --set 'coupons[1].code=AB12' --set note=
            in an invalid event: as the complaint names it; a field goes
    """  # noqa: D301 - click knows a paragraph that keeps its lines by the backspace itself
    amendment = _amendment(texts)
    with connected(settings()) as (app, runtime):
        selection = choice.selection(runtime.ledger)
        if (own := amendment.one_orders_own) and is_many(runtime.ledger, selection):
            raise click.UsageError(f"--set {own[0]} is one order's own: say which letter, by its ID")
        if not choice.sure:
            selection = confirm("replay", runtime.ledger, selection, amendment=amendment, as_json=as_json)
        total = how_many(runtime.ledger, selection)
        with stopped_by_ctrl_c() as stop:
            outcomes = replay_all(app, runtime, selection, rate=rate, amendment=amendment, stop=stop)
            tell("replay", outcomes, choice, stop, total=total, as_json=as_json)


def _amendment(texts: tuple[str, ...]) -> Amendment:
    try:
        return parse_amendment(texts)
    except InvalidAmendment as error:
        raise click.BadParameter(str(error), param_hint="--set") from error
