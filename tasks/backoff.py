"""How long to wait before the next attempt. Pure: the random share comes in as a number."""

from __future__ import annotations

# 2**64 attempts never happen; beyond this the power only overflows a float.
_LARGEST_EXPONENT = 64


def delay_before_retry(
    attempt: int, *, base: float, cap: float, share: float, retry_after: float | None = None
) -> float:
    """Seconds to wait before attempt `attempt` + 1.

    `attempt` is the number of attempts made (from 1), `base` and `cap` are seconds, `share` is a random number in
    [0, 1) that is spread over the half-open upper half of the delay: between ½ and 1 of min(cap, base × 2ⁿ⁻¹), so that
    a fleet that failed together does not come back together, and yet nobody comes back at once.
    `retry_after`, the partner's own wish in seconds, is the least, itself at most `cap`.
    """
    if attempt < 1:
        raise ValueError(f"attempt must be at least 1, not {attempt}")
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    delay = ceiling * (0.5 + share / 2)
    return max(delay, min(retry_after, cap)) if retry_after is not None else delay
