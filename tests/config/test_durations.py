from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.complaints import SettingsError
from config.durations import LONGEST, Within, format_duration, parse_age, parse_duration
from config.settings import load_settings
from tests.config.registry import BROKER, PARTNERS, complaint, load


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0.3", 0.3),
        (".5", 0.5),
        ("0", 0.0),
        ("500ms", 0.5),
        ("30s", 30.0),
        ("30 s", 30.0),
        (" 2s ", 2.0),
        ("1.5m", 90.0),
        ("15m", 900.0),
        ("48h", 172_800.0),
        ("90d", 7_776_000.0),
        ("36500d", LONGEST),
        (0, 0.0),
        (3, 3.0),
        (0.25, 0.25),
    ],
)
def test_a_duration_in_any_unit_is_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "s",
        "-1",
        "-1s",
        "+1s",
        "1e3",
        "1,5s",
        "1 h 30 m",
        "15min",
        "15M",
        "inf",
        "nan",
        "٣s",
        "36501d",
        "9" * 400,
        10**400,
        -1,
        math.nan,
        math.inf,
        -math.inf,
        True,
        None,
        [],
        {},
    ],
)
def test_anything_else_is_refused_without_being_repeated(written: object) -> None:
    with pytest.raises(ValueError, match="must be a duration") as caught:
        parse_duration(written)
    assert not isinstance(written, str) or len(written) < 4 or written not in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.3, "0.3s"), (2, "2s"), (90, "90s"), (900, "15m"), (172_800, "2d"), (7200, "2h"), (86_400, "1d")],
)
def test_a_duration_is_told_in_the_largest_unit_that_divides_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_told_can_be_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(f"{milliseconds}ms") == pytest.approx(seconds)
    if milliseconds < 10**6:  # six digits is what is told
        assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(("written", "seconds"), [("off", 0.0), (" OFF ", 0.0), ("0", 0.0), ("48h", 172800.0)])
def test_what_may_be_switched_off(written: str, seconds: float) -> None:
    assert load({"REDEEM_ALERT__NO_SUCCESS_AFTER": written}).alert.no_success_after == seconds


def test_what_may_be_switched_off_is_a_duration_otherwise() -> None:
    assert "must be a duration" in complaint({"REDEEM_ALERT__WAITING_LONGER_THAN": "never"})


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("LEDGER__KEEP", "400", "400 needs a unit: a bare number is seconds; did you mean 400d?"),
        ("LEDGER__KEEP", "34560000", "34560000 needs a unit: a bare number is seconds; did you mean 34560000s?"),
        ("LEDGER__KEEP", "4s", "must be from 1d to 3660d, not 4s: "),
        ("LEDGER__KEEP", "23h", "must be from 1d to 3660d, not 23h: "),
        ("LEDGER__KEEP", "99999d", "must be from 1d to 3660d, not 99999d: "),
        ("LEDGER__KEEP", "soon", "must be a duration from 1d to 3660d: a number with its unit ("),
        ("LEDGER__KEEP_UNREADABLE", "30", "30 needs a unit: a bare number is seconds; did you mean 30d?"),
        ("PARTNERS__UNIQODO__READ_TIMEOUT", "1h", "must be from 10ms to 2m, not 1h: "),
        ("PARTNERS__SOVENDUS__READ_TIMEOUT", "15000", "must be from 10ms to 2m, not 15000: "),
        ("PARTNERS__SOVENDUS__CONNECT_TIMEOUT", "3m", "must be from 10ms to 2m, not 3m: "),
        ("HUNG_AFTER", "1s", "must be from 2s to 1h, not 1s: "),
        ("RETRY__GIVE_UP_AFTER", "1000d", "must be from 0s to 90d, not 1000d: "),
        ("RETRY__BASE", "2d", "must be from 0s to 1d, not 2d: "),
        ("RETRY__CAP", "15d", "must be from 0s to 1d, not 15d: "),
        ("BREAKER__PROBE_CAP", "60h", "must be from 10ms to 1d, not 60h: "),
        ("ALERT__AT_MOST_EVERY", "15d", "must be from 10ms to 7d, not 15d: "),
        ("ALERT__WAITING_LONGER_THAN", "365d", "must be from 10ms to 90d, or off, not 365d: "),
        ("RETRY__BASE", "1" * 300, "must be from 0s to 1d, not that: "),
    ],
)
def test_a_duration_that_makes_no_sense_is_told_what_does(name: str, written: str, told: str) -> None:
    assert complaint({f"REDEEM_{name}": written}).startswith(f"REDEEM_{name} (environment): {told}")


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("HUNG_AFTER", "1", "1m"),
        ("HUNG_AFTER", "60000", "60000ms"),
        ("LEDGER__KEEP", "400s", "400d"),
        ("PARTNERS__UNIQODO__READ_TIMEOUT", "1h", "1m"),
        ("PARTNERS__UNIQODO__READ_TIMEOUT", "15000", "15000ms"),
        ("RETRY__CAP", "15d", "15h"),
    ],
)
def test_what_was_probably_meant_makes_sense(name: str, written: str, meant: str) -> None:
    assert complaint({f"REDEEM_{name}": written}).endswith(f"; did you mean {meant}?")
    load({f"REDEEM_{name}": meant})


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("RETRY__BASE", "0.1"),
        ("RETRY__CAP", "2"),
        ("RETRY__GIVE_UP_AFTER", "5"),
        ("RETRY__GIVE_UP_AFTER", "3s"),
        ("RETRY__GIVE_UP_AFTER", "0"),
        ("PARTNERS__UNIQODO__READ_TIMEOUT", "0.5"),
        ("PARTNERS__UNIQODO__CONNECT_TIMEOUT", "0.3"),
        ("BREAKER__PROBE_AFTER", "0.2"),
        ("LEDGER__KEEP", "2d"),
        ("LEDGER__KEEP", "3660d"),
        ("ALERT__NO_SUCCESS_AFTER", "0"),
        ("ALERT__WAITING_LONGER_THAN", "0.5"),
    ],
)
def test_small_values_that_can_be_meant_are_taken(name: str, written: str) -> None:
    load({f"REDEEM_{name}": written})


def test_toml_knows_numbers(tmp_path: Path) -> None:
    for written, told in (
        ("keep = 400", "400 needs a unit"),
        ("keep = nan", "nan needs a unit"),
        ("keep = -1", "-1 needs a unit"),
        ("keep = true", "must be a duration from 1d"),
    ):
        (tmp_path / "redeem.toml").write_text(f"[ledger]\n{written}\n", encoding="utf-8")
        with pytest.raises(SettingsError, match=f"REDEEM_LEDGER__KEEP.*{told}"):
            load_settings(PARTNERS, environ=BROKER, directory=tmp_path)
    (tmp_path / "redeem.toml").write_text("[retry]\nbase = 0.5\n[ledger]\nkeep = '90d'\n", encoding="utf-8")
    settings = load_settings(PARTNERS, environ=BROKER, directory=tmp_path)
    assert (settings.retry.base, settings.ledger.keep) == (0.5, 90 * 86400)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -1, 1e-9])
def test_no_number_outside_gets_through(value: float) -> None:
    with pytest.raises(ValueError, match="must be from 1s to 1h, not "):
        Within("1s", "1h", "it is so").read(value)


@pytest.mark.parametrize("written", ["3", "400", "0.5"])
def test_an_age_needs_its_unit(written: str) -> None:
    with pytest.raises(ValueError, match=f"{written} needs a unit; did you mean {written}d?"):
        parse_age(written)
    assert parse_age(f"{written}h") == float(written) * 3600
