"""Names on the command line: partners, shops, reasons. Completed without the broker; a wrong one is told what it meant.

A partner or reason that cannot exist is wrong use. A shop may have existed once, so one that the settings do not have
is only remarked on, where nothing is found.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from config.complaints import SettingsError
from tasks.audit import ACTIONS
from tasks.dead_letters.advice import REASONS
from tasks.identity import UNROUTED
from tasks.partners import PARTNERS
from worker.configuration import settings


class _Name(click.ParamType[str]):
    """One of some names, in any case."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's own signature
        name = str(value).strip().lower()
        if name not in self._known:
            self.fail(f"{value}: no such {self.name}{meant(name, self._known)}", param, ctx)
        return name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, param
        return [CompletionItem(name) for name in self._known if name.startswith(incomplete.lower())]


class _Shop(click.ParamType[str]):
    name = "shop"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - as above
        del param, ctx
        return str(value).strip().lower()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, param
        try:
            shops = sorted(settings(least=True).shops)
        except SettingsError:  # said when the command runs; a Tab prints nothing
            return []
        return [CompletionItem(name) for name in shops if name.startswith(incomplete.lower())]


PARTNER: Final = _Name("partner", (*PARTNERS, UNROUTED))
ACTION: Final = _Name("action", ACTIONS)
REASON: Final = _Name("reason", REASONS)
SHOP: Final = _Shop()


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or all there are."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}" if known else ""


def remark_on_shop(shop: str | None) -> None:
    """Where nothing was found: say so if the settings have no such shop."""
    shops = settings(least=True).shops
    if shop is not None and shop not in shops:
        click.echo(f"note: no shop “{shop}” is configured{meant(shop, shops)}", err=True)
