"""The base of our click groups: no command takes an empty value.

An empty value is nearly always a variable that expanded to nothing (`--shop "$SHOP"`). Taken at its word it would
select everything, or nothing. Loaded with `redeem --help`, so it imports only click.
"""
# ruff: noqa: D102 - a method of click's, unmarked: typing_extensions would take a fifth of the time --help has

from __future__ import annotations

from collections.abc import Iterator

import click


class Group(click.Group):
    """A click group that refuses an empty value of any option or argument of its commands, by name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, click.Group) and not ctx.resilient_parsing:
            _refuse_empty(click.Context(command, info_name=name, parent=ctx), rest)
        return name, command, rest


def _refuse_empty(ctx: click.Context, args: list[str]) -> None:
    given, _, _ = ctx.command.make_parser(ctx).parse_args(list(args))
    for parameter in ctx.command.get_params(ctx):
        if any(not value.strip() for value in _texts(given.get(parameter.name or ""))):
            raise click.UsageError(f"{_called(parameter)}: the value is empty; give one, or leave it out", ctx)


def _texts(given: object) -> Iterator[str]:
    """What was typed for one parameter: nothing, one text or several."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | tuple):
        yield from (one for one in given if isinstance(one, str))


def _called(parameter: click.Parameter) -> str:
    """`--error-code`, or an argument's word in the usage line: `ID`."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name.strip("[]….")
