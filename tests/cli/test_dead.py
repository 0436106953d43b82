"""`redeem dead`: list, show, replay, discard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Worker, event, lines
from tests.tasks.examples import ADDRESS
from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")

EXPIRED = "uniqodo:uk:1:EXPIRED-1"
NOWHERE = "unrouted:fr:2:SKD1"
BARE = "uniqodo:uk:3:AB12"


def uniqodo(code: str) -> list[dict[str, str]]:
    return [{"code": code, "provenance": "uniqodo", "validation_key": "f"}]


@pytest.fixture
def three(redeem: Run, worker: Worker) -> None:
    """Dead letters: rejected by the partner, unroutable, incomplete."""
    bare = event("3", coupons=uniqodo("AB12"))
    del bare["order_value"], bare["currency"]
    emitted = redeem("emit", "-", stdin=lines(event("1", coupons=uniqodo("EXPIRED-1")), event("2", shop="fr"), bare))
    assert emitted.status == 0
    worker.work(EXPIRED)


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
    assert table[0].split() == [
        "died", "reason", "partner", "shop", "order", "code", "value", "attempts", "text", "id",
    ]  # fmt: skip
    assert len(table) == 4
    assert all(any(line.rstrip().endswith(one) for line in table) for one in (EXPIRED, NOWHERE, BARE))


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
    assert redeem("dead", "discard", "--shop", "it") == Ran(0, "no dead letters match\n", "")
    assert redeem("dead", "discard", "--shop", "it", "--json") == Ran(0, "", "")


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


def test_a_letter_of_a_strangers_is_shown_without_addresses(redeem: Run, worker: Worker) -> None:
    from tasks.bad_events import bury_event  # noqa: PLC0415 - only here
    from tasks.invalid_event import FieldError, InvalidEvent  # noqa: PLC0415 - only here

    whole = {"order_id": "a\x1b[31mb", "email": ADDRESS, "note": ADDRESS}
    letter = bury_event(worker.runtime, whole, InvalidEvent((FieldError("$.note", "unknown field"),)))
    for words in (["dead", "list"], ["dead", "list", "--json"], ["dead", "show", letter], ["show", letter, "--json"]):
        ran = redeem(*words)
        assert ran.status == 0
        assert letter in ran.out
        assert "jane" not in ran.out
        assert "\x1b" not in ran.out
    assert redeem("dead", "replay", letter).status == 1
    assert redeem("dead", "discard", letter) == Ran(0, f"discarded {letter}\n", "")
