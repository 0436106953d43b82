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
        for count, choice in ((3, ["--all"]), (2, [EXPIRED, NOWHERE]), (2, ["--partner", "uniqodo"])):
            ran = redeem("dead", action, *choice)
            assert ran.status == 1
            assert ran.out.startswith(f"would {action} {count} dead letters worth ")
            assert "--yes" in ran.err
    assert len(ids(redeem("dead", "list", "--json"))) == 3
    assert redeem("audit", "--json").out == ""


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("action", ["replay", "discard"])
@pytest.mark.parametrize("sure", [[], ["--yes"], ["--yes", "--json"]])
def test_what_is_meant_must_be_said(redeem: Run, action: str, sure: list[str]) -> None:
    ran = redeem("dead", action, *sure)
    assert (ran.status, ran.out) == (2, "")
    assert "Error: say which: ids, filters, or --all\n" in ran.err
    for narrowed in ([EXPIRED], ["--partner", "uniqodo"]):
        ran = redeem("dead", action, "--all", *narrowed, *sure)
        assert (ran.status, ran.out) == (2, "")
        assert "--all means every dead letter" in ran.err
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
    assert "would discard 4 dead letters worth 439.98 GBP\n" in redeem("dead", "discard", "--all").out


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
def test_values_are_taken_without_the_space_around_them(redeem: Run) -> None:
    assert ids(redeem("dead", "list", "--error-code", " 202\n", "--json")) == {EXPIRED}
    assert ids(redeem("dead", "list", "--since", " 2020-01-01 ", "--until", " 0s", "--json")) == {
        EXPIRED,
        NOWHERE,
        BARE,
    }
    assert ids(redeem("dead", "list", "--order", " 1", "--code", "expired-1 ", "--json")) == {EXPIRED}


@pytest.mark.parametrize("words", [("dead", "list"), ("dead", "discard"), ("retry",), ("audit",)])
def test_a_time_that_ends_before_it_begins_is_wrong_use(redeem: Run, words: tuple[str, ...]) -> None:
    ran = redeem(*words, "--since", "2h", "--until", "3h")
    assert (ran.status, ran.out) == (2, "")
    assert "is before --since" in ran.err


@pytest.mark.parametrize("words", [("dead", "list", "--since"), ("dead", "discard", "--until"), ("report", "--from")])
def test_an_age_without_its_unit_is_wrong_use(redeem: Run, words: tuple[str, ...]) -> None:
    ran = redeem(*words, "3")
    assert (ran.status, ran.out) == (2, "")
    assert "3 needs a unit; did you mean 3d?" in " ".join(ran.err.split())
    assert words[-1] in ran.err


@pytest.mark.usefixtures("three")
def test_none_that_match(redeem: Run) -> None:
    assert redeem("dead", "discard", "--shop", "de") == Ran(0, "no dead letters match\n", "")
    assert redeem("dead", "discard", "--shop", "de", "--json") == Ran(0, "", "")


@pytest.mark.usefixtures("three")
def test_all_with_yes(redeem: Run) -> None:
    ran = redeem("dead", "discard", "--all", "--yes")
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
    ran = redeem("dead", "replay", "--all", "--yes")
    assert ran.status == 1
    assert ran.out == f"replayed {EXPIRED}\n"
    assert f"refused  {BARE}: still incomplete: order_value is missing" in ran.err
    assert f'refused  {NOWHERE}: still unroutable: no shop "fr" is configured' in ran.err
    as_json = redeem("dead", "replay", "--all", "--yes", "--json")
    assert as_json.status == 1
    assert {row["id"] for row in as_json.rows if row["refused"]} == {BARE, NOWHERE}


@pytest.mark.usefixtures("three")
def test_mended_settings_route_anew(redeem: Run, configured: Callable[..., None]) -> None:
    configured(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    assert redeem("dead", "replay", NOWHERE).out == f"replayed {NOWHERE} as sovendus:fr:2:SKD1\n"
    assert redeem("show", "sovendus:fr:2:SKD1", "--json").row["state"] == "queued"
    assert redeem("show", NOWHERE, "--json").row["state"] == "discarded"
