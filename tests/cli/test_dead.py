"""`redeem dead list` and `show`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import BARE, EXPIRED, NOWHERE, Ran, Run, event, lines

pytestmark = pytest.mark.usefixtures("configured")


def ids(ran: Ran) -> set[str]:
    assert (ran.status, ran.err) == (0, "")
    return {row["id"] for row in ran.rows}


def test_an_empty_list(redeem: Run) -> None:
    assert redeem("dead", "list", "--json") == Ran(0, "", "")
    assert redeem("dead", "list") == Ran(0, "no dead letters\n", "")
    assert redeem("dead", "list", "--shop", "uk") == Ran(0, "no dead letters match\n", "")


@pytest.mark.usefixtures("three")
def test_the_list(redeem: Run) -> None:
    rows = {row["id"]: row for row in redeem("dead", "list", "--json").rows}
    assert {one: (row["reason"], row["error_code"]) for one, row in rows.items()} == {
        EXPIRED: ("rejected", "202"),
        NOWHERE: ("unroutable", None),
        BARE: ("incomplete", None),
    }
    assert set(rows[EXPIRED]) == {
        "id", "partner", "shop", "order_id", "code", "state", "attempts", "order_value", "currency", "completed_at",
        "reported_at", "reason", "error_code", "error_message", "receipt",
    }  # fmt: skip
    table = redeem("dead", "list").out.splitlines()
    assert table[0].split() == ["died", "reason", "id", "value", "attempts", "text"]
    assert len(table) == 4
    assert all(any(f" {one} " in line for line in table) for one in (EXPIRED, NOWHERE, BARE))


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--partner", "uniqodo"], {EXPIRED, BARE}),
        (["--partner", "uniqodo", "--reason", "incomplete"], {BARE}),
        (["--shop", "fr"], {NOWHERE}),
        (["--reason", "rejected"], {EXPIRED}),
        (["--order", "3"], {BARE}),
        (["--code", " expired-1 "], {EXPIRED}),
        (["--error-code", "202"], {EXPIRED}),
        (["--error-code", "204"], set()),
        (["--since", "1h"], {EXPIRED, NOWHERE, BARE}),
        (["--until", "1h"], set()),
        (["--since", "2026-01-01", "--until", "2999-01-01T00:00:00+01:00"], {EXPIRED, NOWHERE, BARE}),
        (["--since", "2999-01-01"], set()),
        (["--shop", "it"], set()),
    ],
)
def test_filters(redeem: Run, filters: list[str], found: set[str]) -> None:
    assert ids(redeem("dead", "list", "--json", *filters)) == found


@pytest.mark.parametrize("filters", [["--since", "yesterday"], ["--until", "5 parsecs"], ["--colour", "red"]])
def test_a_filter_that_makes_no_sense(redeem: Run, filters: list[str]) -> None:
    ran = redeem("dead", "list", *filters)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: redeem dead list" in ran.err


@pytest.mark.usefixtures("three")
def test_one_letter(redeem: Run) -> None:
    row = redeem("dead", "show", EXPIRED, "--json").row
    assert (row["reason"], row["error_code"], row["attempts"]) == ("rejected", "202", 1)
    [attempt] = row["history"]
    assert (attempt["outcome"], attempt["code"], attempt["reason"]) == ("dead", "202", "rejected")
    text = redeem("dead", "show", EXPIRED).out
    assert "rejected" in text
    assert "history" in text


@pytest.mark.usefixtures("three")
def test_what_is_no_dead_letter_is_not_found(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(event("9")))
    for action in ("show", "replay", "discard"):
        for wrong in ("nonsense", "sovendus:uk:9:SKD1"):
            ran = redeem("dead", action, wrong)
            assert (ran.status, ran.out) == (1, "")
            assert wrong in ran.err
