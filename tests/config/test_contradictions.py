"""Settings that are right one by one and not together; and defaults, which give way to what is set."""

from __future__ import annotations

import pytest

from tests.config.registry import complaint, complaints, load


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REDEEM_RETRY__CAP": "1s"}, (1.0, 1.0)),
        ({"REDEEM_RETRY__CAP": "1s", "REDEEM_RETRY__BASE": "1s"}, (1.0, 1.0)),
        ({"REDEEM_RETRY__GIVE_UP_AFTER": "1s"}, (2.0, 900.0)),
    ],
)
def test_a_lower_cap_takes_the_default_base_with_it(environ: dict[str, str], expected: tuple[float, float]) -> None:
    retry = load(environ).retry
    assert (retry.base, retry.cap) == expected


def test_a_shorter_call_takes_the_time_to_connect_with_it() -> None:
    endpoint = load({"REDEEM_PARTNERS__UNIQODO__READ_TIMEOUT": "0.5"}).endpoint("uniqodo")
    assert (endpoint.connect_timeout, endpoint.read_timeout) == (0.5, 0.5)


def test_a_lower_probe_cap_takes_the_first_probe_with_it() -> None:
    assert load({"REDEEM_BREAKER__PROBE_CAP": "0.1"}).breaker.probe_after == 0.1


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"REDEEM_RETRY__BASE": "20m"},
            "REDEEM_RETRY__BASE (environment): 20m is longer than REDEEM_RETRY__CAP, which is 15m",
        ),
        (
            {"REDEEM_BREAKER__PROBE_AFTER": "3s", "REDEEM_BREAKER__PROBE_CAP": "2s"},
            "REDEEM_BREAKER__PROBE_AFTER (environment): 3s is longer than REDEEM_BREAKER__PROBE_CAP, which is 2s",
        ),
        (
            {"REDEEM_PARTNERS__UNIQODO__CONNECT_TIMEOUT": "20s"},
            (
                "REDEEM_PARTNERS__UNIQODO__CONNECT_TIMEOUT (environment): 20s is longer than "
                "REDEEM_PARTNERS__UNIQODO__READ_TIMEOUT, which is 15s and bounds the whole call"
            ),
        ),
        (
            {"REDEEM_LEDGER__KEEP": "10d", "REDEEM_RETRY__GIVE_UP_AFTER": "11d"},
            (
                "REDEEM_LEDGER__KEEP (environment): 10d is shorter than REDEEM_RETRY__GIVE_UP_AFTER, which is 11d: "
                "an order is remembered as long as it waits"
            ),
        ),
        (
            {"REDEEM_LEDGER__KEEP": "1d"},
            (
                "REDEEM_LEDGER__KEEP (environment): 1d is shorter than REDEEM_RETRY__GIVE_UP_AFTER, which is 2d: "
                "an order is remembered as long as it waits"
            ),
        ),
    ],
)
def test_two_settings_that_contradict_each_other_are_told_apart(environ: dict[str, str], expected: str) -> None:
    assert complaint(environ) == expected


def test_a_token_belongs_to_one_shop() -> None:
    environ = {f"REDEEM_SHOPS__{shop}__TOKEN": "same-for-two" for shop in ("DE", "UK")} | {
        "REDEEM_SHOPS__FR__TOKEN": "another"
    }
    told = complaints(environ)
    assert [line.split(":")[0] for line in told] == [
        "REDEEM_SHOPS__DE__TOKEN (environment)",
        "REDEEM_SHOPS__UK__TOKEN (environment)",
    ]
    assert "same-for-two" not in str(told)


def test_nor_is_an_old_token_another_shops() -> None:
    told = complaints({"REDEEM_SHOPS__DE__TOKEN": "new,shared-1", "REDEEM_SHOPS__UK__TOKEN": "shared-1,shared-1"})
    assert [line.split(":")[0] for line in told] == [
        "REDEEM_SHOPS__DE__TOKEN (environment)",
        "REDEEM_SHOPS__UK__TOKEN (environment)",
    ]


def test_liveness_and_readiness_are_two_files() -> None:
    told = complaint({"REDEEM_LIVENESS_FILE": "/run/redeem", "REDEEM_READINESS_FILE": "/run/redeem"})
    assert told == "REDEEM_READINESS_FILE (environment): is the liveness file too: each needs one of its own"
