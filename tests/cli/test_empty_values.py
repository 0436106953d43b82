"""A variable that expanded to nothing selects nothing: every empty value is refused by name."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from tests.cli.conftest import EXPIRED, Run
from worker.cli import COMMANDS
from worker.cli import redeem as group


def _leaves() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words."""
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (((name, inner), member) for inner, member in command.commands.items())
        else:
            yield (name,), command


def _options() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every option that takes a value."""
    for words, command in _leaves():
        for option in command.params:
            if isinstance(option, click.Option) and not option.is_flag:
                yield words, max(option.opts, key=len)


def _arguments() -> Iterator[tuple[tuple[str, ...], str]]:
    for words, command in _leaves():
        yield from ((words, one.human_readable_name) for one in command.params if isinstance(one, click.Argument))


OPTIONS = list(_options())
ARGUMENTS = list(_arguments())


def test_there_are_commands_to_look_at() -> None:
    assert (("dead", "discard"), "--error-code") in OPTIONS
    assert (("dead", "discard"), "[ID]…") in ARGUMENTS
    assert len(OPTIONS) > 80


@pytest.mark.parametrize(
    ("words", "option"), OPTIONS, ids=lambda given: given if isinstance(given, str) else " ".join(given)
)
@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_no_option_takes_an_empty_value(redeem: Run, words: tuple[str, ...], option: str, empty: str) -> None:
    for given in ([option, empty], [f"{option}={empty}"]):
        ran = redeem(*words, *given)
        assert (ran.status, ran.out) == (2, "")
        assert f"Error: {option}: the value is empty" in ran.err
        assert ran.err.startswith(f"Usage: redeem {' '.join(words)} ")


@pytest.mark.parametrize(
    ("words", "argument"), ARGUMENTS, ids=lambda given: given if isinstance(given, str) else " ".join(given)
)
@pytest.mark.parametrize("empty", ["", "  "])
def test_no_argument_is_empty(redeem: Run, words: tuple[str, ...], argument: str, empty: str) -> None:
    ran = redeem(*words, empty)
    assert (ran.status, ran.out) == (2, "")
    assert f"Error: {argument.strip('[]…')}: the value is empty" in ran.err


@pytest.mark.parametrize("action", ["replay", "discard"])
@pytest.mark.usefixtures("configured", "three")
def test_nor_is_one_id_among_several(redeem: Run, action: str) -> None:
    ran = redeem("dead", action, EXPIRED, "", "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert len(redeem("dead", "list", "--json").rows) == 3
