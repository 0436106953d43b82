"""Commands on a machine that has no business with the partners' secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Run, event, lines

Configure = Callable[..., None]
ABOUT_THE_BROKER = [
    ["status"], ["show", "x"], ["dead", "list"], ["dead", "show", "x"], ["dead", "stats"], ["dead", "export"],
    ["dead", "discard", "x"], ["pause", "--all"], ["resume", "--all"], ["retry"], ["audit"], ["report"], ["metrics"],
    ["erase", "--order", "x"],
]  # fmt: skip


@pytest.mark.parametrize("words", ABOUT_THE_BROKER, ids=" ".join)
def test_commands_about_the_broker_need_no_partners_secret(
    redeem: Run, configured: Configure, words: list[str]
) -> None:
    configured(SHOPS__UK__UNIQODO__API_KEY="", SECRETS_DIR="not-there")
    ran = redeem(*words)
    assert ran.status in (0, 1), ran
    assert "API_KEY" not in ran.err
    assert "secrets directory" not in ran.err


@pytest.mark.parametrize("words", [["emit", "-"], ["dead", "replay", "--all"], ["check"], ["serve", "--port", "0"]])
def test_what_routes_or_checks_needs_every_account(redeem: Run, configured: Configure, words: list[str]) -> None:
    configured(SHOPS__UK__UNIQODO__API_KEY="")
    ran = redeem(*words, stdin=lines(event("1")))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "redeem: REDEEM_SHOPS__UK__UNIQODO__API_KEY: is not set\n"


def test_an_account_that_is_incomplete_here_is_the_workers_all_the_same(redeem: Run, configured: Configure) -> None:
    configured()
    redeem("emit", "-", stdin=lines(event("1", coupons=[{"code": "AB12", "provenance": "uniqodo"}])))
    configured(SHOPS__UK__UNIQODO__API_KEY="")
    (row,) = [one for one in redeem("status", "--json").rows if one["partner"] == "uniqodo"]
    assert (row["shop"], row["queued"]) == ("uk", 1)
