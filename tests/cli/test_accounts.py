"""pause, resume, retry and the audit trail."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Ran, Run, Worker, event, lines
from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")


def breakers(redeem: Run) -> dict[str, str]:
    return {f"{row['partner']} {row['shop']}": row["breaker"] for row in redeem("status", "--json").rows}


@pytest.mark.parametrize(
    ("which", "paused"),
    [
        (["--partner", "uniqodo"], {"uniqodo uk"}),
        (["--partner", "sovendus"], {"sovendus uk", "sovendus de"}),
        (["--shop", "uk"], {"sovendus uk", "uniqodo uk"}),
        (["--partner", "sovendus", "--shop", "uk"], {"sovendus uk"}),
        (["--all"], {"sovendus uk", "sovendus de", "uniqodo uk"}),
    ],
)
def test_pauses_and_resumes_what_is_meant(redeem: Run, which: list[str], paused: set[str]) -> None:
    ran = redeem("pause", *which)
    assert (ran.status, ran.err) == (0, "")
    assert set(ran.out.splitlines()) == {f"paused {one}" for one in paused}
    assert {one for one, state in breakers(redeem).items() if state == "paused"} == paused
    again = redeem("pause", *which)
    assert (again.status, set(again.out.splitlines())) == (0, {f"was paused already: {one}" for one in paused})
    rows = redeem("resume", *which, "--json").rows
    assert {f"{row['partner']} {row['shop']}" for row in rows if row["changed"]} == paused
    assert set(breakers(redeem).values()) == {"closed"}
    assert {row["changed"] for row in redeem("resume", *which, "--json").rows} == {False}


def test_nothing_goes_out_while_paused(redeem: Run, worker: Worker, sandbox: Sandbox) -> None:
    redeem("pause", "--shop", "uk")
    redeem("emit", "-", stdin=lines(event("1")))
    worker.work("sovendus:uk:1:SKD1")
    assert sandbox.calls() == []
    redeem("resume", "--shop", "uk")
    worker.work("sovendus:uk:1:SKD1")
    assert len(sandbox.calls()) == 1


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_which_accounts_must_be_said(redeem: Run, action: str) -> None:
    ran = redeem(action)
    assert (ran.status, ran.out) == (2, "")
    assert "--partner, --shop, or --all" in ran.err
    for narrowed in (["--partner", "uniqodo"], ["--shop", "uk"]):
        ran = redeem(action, "--all", *narrowed)
        assert (ran.status, ran.out) == (2, "")
        assert "--all means every account" in ran.err
    assert redeem(action, "--shop", "fr") == Ran(1, "", "Error: no such account: shop “fr”; there are de, uk\n")


@pytest.mark.parametrize(
    ("filters", "hastened"),
    [
        ([], "AB"), (["--order", "2"], "B"), (["--shop", "de"], ""), (["--partner", "sovendus"], "AB"),
        (["--code", " b-503x1"], "B"), (["--since", "1h"], "AB"), (["--until", "1h"], ""),
    ],
)  # fmt: skip
def test_retries_are_brought_forward(redeem: Run, worker: Worker, filters: list[str], hastened: str) -> None:
    redeem("emit", "-", stdin=lines(event("1", "A-503x1"), event("2", "B-503x1"), event("3")))
    ids = {"A": "sovendus:uk:1:A-503X1", "B": "sovendus:uk:2:B-503X1"}
    for one in ids.values():
        worker.work(one)
        worker.work(one)  # too early: nothing happens
    rows = redeem("retry", "--json", *filters).rows
    assert sorted(row["id"] for row in rows) == [ids[letter] for letter in hastened]
    for letter, one in ids.items():
        worker.work(one)
        assert worker.record(one).state == ("redeemed" if letter in hastened else "retrying")
    assert worker.record("sovendus:uk:3:SKD1").state == "queued"


def test_no_retries(redeem: Run) -> None:
    assert redeem("retry") == Ran(0, "no retries wait\n", "")
    assert redeem("retry", "--json") == Ran(0, "", "")


def test_every_action_is_in_the_audit_trail(redeem: Run, worker: Worker) -> None:
    assert redeem("audit") == Ran(0, "nothing yet\n", "")
    assert redeem("audit", "--json") == Ran(0, "", "")
    redeem("emit", "-", stdin=lines(event("1", "A-503x1"), event("2", shop="fr")))
    worker.work("sovendus:uk:1:A-503X1")
    redeem("pause", "--shop", "uk")
    redeem("resume", "--partner", "sovendus")
    redeem("retry", "--order", "1")
    redeem("dead", "discard", "unrouted:fr:2:SKD1")
    entries = redeem("audit", "--json").rows
    assert [(entry["action"], entry["count"], entry["what"]) for entry in entries] == [
        ("pause", 2, "sovendus:uk, uniqodo:uk"),
        ("resume", 1, "sovendus:uk"),
        ("retry", 1, "order 1"),
        ("discard", 1, "unrouted:fr:2:SKD1"),
    ]
    for entry in entries:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["at"])
        assert "@" in entry["who"]
    table = redeem("audit").out.splitlines()
    assert (table[0].split(), len(table)) == (["at", "who", "action", "count", "what"], 5)


def test_a_pause_says_who_and_why(redeem: Run) -> None:
    redeem("pause", "--shop", "uk", "--reason", "maintenance at Uniqodo\x1b[31m until 5, ask jane@example.com")
    rows = {(row["partner"], row["shop"]): row for row in redeem("status", "--json").rows}
    hint = rows["uniqodo", "uk"]["hint"]
    assert re.fullmatch(
        r"paused since \d{4}-\d\d-\d\d \d\d:\d\d by \S+@\S+: maintenance at Uniqodo.* ask \[masked\]", hint
    )
    assert "\x1b" not in hint
    assert rows["sovendus", "de"]["hint"] is None
    assert redeem("audit", "--json").row["what"].startswith("sovendus:uk, uniqodo:uk: maintenance at Uniqodo")
    redeem("resume", "--all", "--reason", "they are back")
    assert {row["hint"] for row in redeem("status", "--json").rows} == {None}
    assert redeem("audit", "--action", "resume", "--json").row["what"].endswith(": they are back")
    redeem("pause", "--shop", "uk")
    assert "maintenance" not in redeem("status").out


def test_retries_are_told_with_their_money(redeem: Run, worker: Worker) -> None:
    redeem("emit", "-", stdin=lines(event("1", "A-503x1", "B-503x1")))
    for code in "AB":
        worker.work(f"sovendus:uk:1:{code}-503X1")
    assert redeem("retry", "--order", "2") == Ran(0, "no retries match\n", "")
    with_reason = redeem("retry", "--reason", "rejected")
    assert (with_reason.status, with_reason.out) == (0, "no retries match\n")
    assert "redeem dead replay" in with_reason.err
    assert redeem("retry").out == "2 brought forward, worth 219.99 GBP\n"


def test_the_audit_trail_is_filtered(redeem: Run) -> None:
    redeem("pause", "--shop", "uk")
    redeem("resume", "--shop", "uk")
    me = redeem("audit", "--json").rows[0]["who"].partition("@")[0]

    def actions(*words: str) -> list[str]:
        return [row["action"] for row in redeem("audit", "--json", *words).rows]

    assert actions() == actions("--since", "1h") == actions("--who", me.upper()) == ["pause", "resume"]
    assert actions("--action", "pause") == ["pause"]
    assert actions("--until", "1h") == actions("--who", "nobody at all") == actions("--since", "2999-01-01") == []
    assert redeem("audit", "--until", "1h") == Ran(0, "nothing matches\n", "")
