"""`.env.example` is where users look settings up, so it must be complete and true."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.durations import Within
from config.names import ANY, names_of, variable
from config.settings import Settings, load_settings, settings_model
from tasks.partners import SPECS
from tests.config.registry import BROKER, NOWHERE

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SETTING = re.compile(r"#(REDEEM_\w+)=(.*)")
LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
SHOWN = [found.groups() for line in LINES if (found := SETTING.fullmatch(line))]
WITHOUT_SHOPS = {name: value for name, value in SHOWN if "_SHOPS__" not in name}


def load(directory: Path) -> Settings:
    return load_settings(SPECS, environ={}, directory=directory)


def test_it_names_every_setting_once_and_no_other() -> None:
    every = {
        variable(tuple("uk" if part == ANY else part for part in path))
        for path in names_of(settings_model(SPECS)).known
    }
    assert sorted(name for name, _ in SHOWN) == sorted(every)


def test_each_setting_has_a_comment_of_one_line() -> None:
    for before, line in itertools.pairwise(LINES):
        if SETTING.fullmatch(line):
            assert before.startswith("# "), line


def _ranges(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Each number among the settings, shops aside, with what its range must be called."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _ranges(field.annotation, here)
        elif field.annotation in (int, float, int | None, float | None):
            within = next((one for one in field.metadata if isinstance(one, Within)), None)
            bounds = {
                type(one).__name__: getattr(one, type(one).__name__.lower()) for one in field.metadata if not within
            }
            assert within or {"Ge", "Le"} <= bounds.keys(), f"{variable(here)} has no range"
            words = [within.words, *(["with its unit"] if within.unit else [])] if within else [f"{bounds['Le']:.0f}"]
            yield variable(here), words


RANGES = dict(_ranges(settings_model(SPECS)))


def test_every_number_has_a_range() -> None:
    durations = [words for words in RANGES.values() if words[0].startswith("from ")]
    assert len(durations) == 15
    assert RANGES["REDEEM_LEDGER__KEEP"] == ["from 1d to 3660d", "with its unit"]


@pytest.mark.parametrize("name", RANGES)
def test_the_range_stands_above_the_setting(name: str) -> None:
    comment = next(before for before, line in itertools.pairwise(LINES) if line.startswith(f"#{name}="))
    for words in RANGES[name]:
        assert words.lower() in comment.lower()


def test_with_every_line_uncommented_it_loads(tmp_path: Path) -> None:
    uncommented = [line[1:] if SETTING.fullmatch(line) else line for line in LINES]
    (tmp_path / ".env").write_text("\n".join(uncommented), encoding="utf-8")
    shop = load(tmp_path).shops["uk"]
    assert shop.master_codes
    assert shop.rules
    assert all(shop.account(partner) for partner in SPECS)


@pytest.mark.parametrize(("name", "value"), SHOWN)
def test_each_line_is_right_by_itself_or_lacks_only_its_neighbours(name: str, value: str, tmp_path: Path) -> None:
    neighbours = {other: shown for other, shown in SHOWN if "_SHOPS__" in other} if "_SHOPS__" in name else {}
    load_settings(SPECS, environ={**BROKER, **neighbours, name: value}, directory=tmp_path)


def test_its_values_are_the_defaults_unless_it_says_that_they_are_examples() -> None:
    plain = load_settings(SPECS, environ=BROKER, directory=NOWHERE)
    said = {
        name: value
        for before, line in itertools.pairwise(LINES)
        if (found := SETTING.fullmatch(line)) and not before.startswith(("# Example", "# Required"))
        for name, value in [found.groups()]
        if name in WITHOUT_SHOPS and name != "REDEEM_SECRETS_DIR"
    }
    assert len(said) > 15
    assert load_settings(SPECS, environ={**BROKER, **said}, directory=NOWHERE).model_dump() == plain.model_dump()


def test_as_it_is_it_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    plain = load_settings(SPECS, environ=BROKER, directory=NOWHERE)
    assert load_settings(SPECS, environ=BROKER, directory=tmp_path).model_dump() == plain.model_dump()
