"""How the stack speaks: one aligned, coloured line a thing, and never an error of its own."""

from __future__ import annotations

import time
from typing import Final

import click

_COLOURS: Final = {
    "redeemed": "green",
    "presumed": "cyan",
    "retrying": "yellow",
    "held": "magenta",
    "dead": "red",
    "warning": "yellow",
    "error": "red",
    "critical": "red",
    "SANDBOX": "magenta",
}
_WIDTH: Final = 9


class Voice:
    """Says lines on standard output until that is gone; a closed terminal must not keep the stack from stopping."""

    def __init__(self) -> None:
        self._heard = True

    def __call__(self, kind: str, text: str) -> None:
        """Say one line of a kind (the left column); without a kind the text alone."""
        if kind:
            colour = _COLOURS.get(kind)
            text = f"{time.strftime('%H:%M:%S')}  {click.style(f'{kind:<{_WIDTH}}', fg=colour, bold=True)} {text}"
        if self._heard:
            try:
                click.echo(text)
            except OSError:
                self._heard = False
