"""Durations on the command line, written as in the settings."""

from __future__ import annotations

from typing import Any, Final

import click

from config.durations import parse_duration


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION: Final = _Duration()
"""Seconds, from a number or text with a unit."""
