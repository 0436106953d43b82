from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.backoff import delay_before_retry

# No less than a millisecond: there 64 doublings pass every cap.
SECONDS = st.just(0.0) | st.floats(min_value=0.001, max_value=36500 * 86400.0)
SHARE = st.floats(min_value=0, max_value=1, exclude_max=True)
ATTEMPT = st.integers(min_value=1, max_value=10**9)


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 1.0, 2.0), (2, 2.0, 4.0), (3, 4.0, 8.0), (10, 450.0, 900.0), (99, 450.0, 900.0)]
)
def test_doubles_up_to_the_cap(attempt: int, least: float, most: float) -> None:
    assert delay_before_retry(attempt, base=2.0, cap=900.0, share=0.0) == least
    assert delay_before_retry(attempt, base=2.0, cap=900.0, share=0.5) == (least + most) / 2
    assert least < delay_before_retry(attempt, base=2.0, cap=900.0, share=0.999) < most


@given(attempt=ATTEMPT, base=SECONDS, cap=SECONDS, share=SHARE)
def test_lies_between_half_and_all_of_the_ceiling(attempt: int, base: float, cap: float, share: float) -> None:
    ceiling = cap if attempt > 64 and base else min(cap, base * 2.0 ** min(attempt - 1, 64))
    assert ceiling / 2 <= delay_before_retry(attempt, base=base, cap=cap, share=share) <= ceiling


@given(attempt=st.integers(1, 64), base=SECONDS, cap=SECONDS, share=SHARE)
def test_never_shrinks_from_one_attempt_to_the_next(attempt: int, base: float, cap: float, share: float) -> None:
    def delay(number: int) -> float:
        return delay_before_retry(number, base=base, cap=cap, share=share)

    assert delay(attempt) <= delay(attempt + 1)


@given(attempt=ATTEMPT, base=SECONDS, cap=SECONDS, share=SHARE, wish=SECONDS)
def test_the_partners_wish_is_the_least_and_itself_at_most_the_cap(
    attempt: int, base: float, cap: float, share: float, wish: float
) -> None:
    ours = delay_before_retry(attempt, base=base, cap=cap, share=share)
    delay = delay_before_retry(attempt, base=base, cap=cap, share=share, retry_after=wish)
    assert delay == max(ours, min(wish, cap))
    assert delay <= cap


def test_a_wish_of_zero_does_not_hasten() -> None:
    assert delay_before_retry(1, base=2.0, cap=900.0, share=0.0, retry_after=0.0) == 1.0


@pytest.mark.parametrize("attempt", [0, -1])
def test_there_is_no_attempt_before_the_first(attempt: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        delay_before_retry(attempt, base=2.0, cap=900.0, share=0.0)
