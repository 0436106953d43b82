from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.durations import LONGEST, format_duration, parse_duration
from tests.config.registry import complaint, load


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
