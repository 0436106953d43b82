"""Durations on the command line, written as in the settings."""

from __future__ import annotations

from typing import Any

import click

from config.durations import Within


class Duration(click.ParamType[float]):
    """Seconds, from a number or text with a unit, within a range."""

    name = "duration"

    def __init__(self, within: Within) -> None:
        self._within = within

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        """Read, or fail with a sentence that says what is expected."""
        try:
            return self._within.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
