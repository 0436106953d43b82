"""`redeem dead replay` and `discard`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import BARE, EXPIRED, NOWHERE, Ran, Run, Worker, event, lines
from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")


def ids(ran: Ran) -> set[str]:
    assert (ran.status, ran.err) == (0, "")
    return {row["id"] for row in ran.rows}


@pytest.mark.usefixtures("three")
def test_more_than_one_is_only_counted_without_yes(redeem: Run) -> None:
    for action in ("replay", "discard"):
        for choice in ([], [EXPIRED, NOWHERE], ["--partner", "uniqodo"]):
            ran = redeem("dead", action, *choice)
            assert ran.status == 1
            count = 2 if choice else 3
            assert ran.out.startswith(f"would {action} {count} dead letters worth ")
            assert "--yes" in ran.err
    assert len(ids(redeem("dead", "list", "--json"))) == 3
    assert redeem("audit", "--json").out == ""


@pytest.mark.usefixtures("three")
def test_a_program_is_told_as_json_what_would_be_done(redeem: Run) -> None:
    ran = redeem("dead", "replay", "--partner", "uniqodo", "--json")
    assert (ran.status, ran.row) == (
        1,
        {
            "would": "replay",
            "count": 2,
            "reasons": {"rejected": 1, "incomplete": 1},
            "money": {"GBP": "219.99"},
        },
    )
    assert "--yes" in ran.err


@pytest.mark.usefixtures("worker")
def test_no_order_number_steers_the_terminal(redeem: Run) -> None:
    backwards = event("1\N{RIGHT-TO-LEFT OVERRIDE}2", "BARE-1", shop="fr")
    accepted = redeem("emit", "-", stdin=lines(backwards))
    assert accepted.out.startswith("accepted unrouted:fr:1�2:BARE-1 ")
    refused = redeem("dead", "replay", "--shop", "fr")
    assert refused.err.startswith("refused  unrouted:fr:1�2:BARE-1: still unroutable: ")
    assert redeem("dead", "discard", "--shop", "fr").out == "discarded unrouted:fr:1�2:BARE-1\n"


def test_the_help_keeps_its_lines(redeem: Run) -> None:
    lines_of_help = redeem("dead", "replay", "--help").out.splitlines()
    assert "    --set order_value=12.00 --set currency=EUR" in lines_of_help


@pytest.mark.usefixtures("three")
def test_money_counts_an_order_once(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(event("2", "OTHER", shop="fr")))
    assert "would discard 4 dead letters worth 439.98 GBP\n" in redeem("dead", "discard").out


@pytest.mark.usefixtures("three")
def test_one_needs_no_yes(redeem: Run, worker: Worker) -> None:
    ran = redeem("dead", "discard", NOWHERE)
    assert ran == Ran(0, f"discarded {NOWHERE}\n", "")
    assert ids(redeem("dead", "list", "--json")) == {EXPIRED, BARE}
    assert worker.record(NOWHERE).state == "discarded"
    assert redeem("dead", "discard", NOWHERE).status == 1


@pytest.mark.usefixtures("three")
def test_one_by_filter_needs_no_yes_either(redeem: Run) -> None:
    assert redeem("dead", "discard", "--shop", "fr", "--json").rows == [
        {"id": NOWHERE, "done": "discard", "redemptions": []}
    ]


@pytest.mark.usefixtures("three")
def test_none_that_match(redeem: Run) -> None:
    assert redeem("dead", "discard", "--shop", "de") == Ran(0, "no dead letters match\n", "")
    assert redeem("dead", "discard", "--shop", "de", "--json") == Ran(0, "", "")


@pytest.mark.usefixtures("three")
def test_all_with_yes(redeem: Run) -> None:
    ran = redeem("dead", "discard", "--yes")
    assert (ran.status, len(ran.out.splitlines())) == (0, 3)
    assert redeem("dead", "list", "--json").out == ""
    [entry] = redeem("audit", "--json").rows
    assert (entry["action"], entry["count"], entry["what"]) == ("discard", 3, "all")


@pytest.mark.usefixtures("three")
def test_a_wrong_id_among_several_stops_before_anything_is_done(redeem: Run) -> None:
    assert redeem("dead", "discard", EXPIRED, "nonsense", "--yes").status == 1
    assert len(ids(redeem("dead", "list", "--json"))) == 3


@pytest.mark.usefixtures("three")
def test_a_replay_starts_anew_and_keeps_its_history(redeem: Run, worker: Worker, sandbox: Sandbox) -> None:
    assert redeem("dead", "replay", EXPIRED) == Ran(0, f"replayed {EXPIRED}\n", "")
    waiting = redeem("show", EXPIRED, "--json").row
    assert (waiting["state"], waiting["reason"], waiting["error_code"]) == ("queued", None, None)
    worker.work(EXPIRED)
    row = redeem("show", EXPIRED, "--json").row
    assert (row["state"], row["attempts"]) == ("dead", 2)
    assert [entry["outcome"] for entry in row["history"]] == ["dead", "replayed", "dead"]
    assert len(sandbox.calls()) == 2
    [entry] = redeem("audit", "--json").rows
    assert (entry["action"], entry["count"], entry["what"]) == ("replay", 1, EXPIRED)


@pytest.mark.usefixtures("three")
def test_what_still_lacks_something_is_refused_and_the_rest_goes_on(redeem: Run) -> None:
    ran = redeem("dead", "replay", "--yes")
    assert ran.status == 1
    assert ran.out == f"replayed {EXPIRED}\n"
    assert f"refused  {BARE}: still incomplete: order_value is missing" in ran.err
    assert f'refused  {NOWHERE}: still unroutable: no shop "fr" is configured' in ran.err
    as_json = redeem("dead", "replay", "--yes", "--json")
    assert as_json.status == 1
    assert {row["id"] for row in as_json.rows if row["refused"]} == {BARE, NOWHERE}


@pytest.mark.usefixtures("three")
def test_mended_settings_route_anew(redeem: Run, configured: Callable[..., None]) -> None:
    configured(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    assert redeem("dead", "replay", NOWHERE).out == f"replayed {NOWHERE} as sovendus:fr:2:SKD1\n"
    assert redeem("show", "sovendus:fr:2:SKD1", "--json").row["state"] == "queued"
    assert redeem("show", NOWHERE, "--json").row["state"] == "discarded"
