"""What an operator can say about a statement that does not tell by itself: columns, delimiter, encoding, decimals."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click

from tasks.reports.statement import Decimals, Wishes

_NAMED: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_COLUMNS: Final = {
    "order": "The column of the order number.",
    "code": "The column of the code.",
    "value": "The column of the order value, net.",
    "currency": "The column of the currency.",
}


def statement_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them; the command receives them as `wishes`."""

    @click.option("--delimiter", callback=_delimiter, help="What stands between the cells: a character, or tab.")
    @click.option("--encoding", callback=_encoding, help="Such as utf-8 or cp1252.")
    @click.option("--decimal", "decimals", type=click.Choice([one.value for one in Decimals]), help="The decimal sign.")
    @wraps(command)
    def with_wishes(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and gives
        names = ("delimiter", "encoding", "decimals", *_COLUMNS)
        return command(*args, wishes=Wishes(**{name: options.pop(name) for name in names}), **options)

    for name, text in reversed(_COLUMNS.items()):
        with_wishes = click.option(f"--{name}-column", name, metavar="NAME", help=text)(with_wishes)
    return with_wishes


def _delimiter(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    delimiter = _NAMED.get(given, given) if given is not None else None
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise click.BadParameter(f"{given!r} is no single character")
    return delimiter


def _encoding(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    try:
        return codecs.lookup(given).name if given is not None else None
    except LookupError:
        raise click.BadParameter(f"{given!r} is no encoding that is known here") from None
