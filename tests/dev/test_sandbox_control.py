"""Faults, accounts and books over the control API, as another process uses it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dev.partner_calls import ask, control, sovendus, uniqodo
from worker.dev.sandbox import Sandbox


def test_outage_of_one_partner_for_a_number_of_calls(sandbox: Sandbox) -> None:
    assert control(sandbox, "POST", "faults", fault="503", partner="uniqodo", times=2).status == 200
    assert [uniqodo(sandbox, f"A{n}").status for n in range(3)] == [503, 503, 200]
    assert sovendus(sandbox, "A").status == 200
    assert control(sandbox, "GET", "faults").lines == []


def test_outage_of_one_account_until_cleared(sandbox: Sandbox) -> None:
    control(sandbox, "POST", "faults", fault="429@3", partner="sovendus", account="1")
    [standing] = control(sandbox, "GET", "faults").lines
    assert standing["mix"] == {"-429@3": 1.0}
    assert standing["account"] == "1"
    replies = [sovendus(sandbox, "A", "1"), sovendus(sandbox, "A", "2"), uniqodo(sandbox, "A", "1")]
    assert [reply.status for reply in replies] == [429, 200, 200]
    assert replies[0].headers["Retry-After"] == "3"
    control(sandbox, "DELETE", "faults")
    assert sovendus(sandbox, "A", "1").status == 200


def test_faults_of_one_code_and_of_one_order(sandbox: Sandbox) -> None:
    control(sandbox, "POST", "faults", fault="500", code="abc")
    control(sandbox, "POST", "faults", fault="502", order_id="7")
    statuses = [sovendus(sandbox, "ABC").status, uniqodo(sandbox, "A").status]
    assert [*statuses, sovendus(sandbox, "A", order_id="7").status] == [500, 200, 502]


def test_clearing_one_partners_faults_leaves_the_others(sandbox: Sandbox) -> None:
    sandbox.fail("503", partner="uniqodo", account="k1")
    sandbox.fail("502")
    assert ask(sandbox, "DELETE", "/_sandbox/faults?partner=uniqodo").status == 200
    assert uniqodo(sandbox, "A").status == 502
    sandbox.clear_faults()
    assert uniqodo(sandbox, "A").status == 200


def test_latency_adds_to_what_else_happens(sandbox: Sandbox) -> None:
    sandbox.fail("SLOW@0.05")
    sandbox.fail("+SLOW@0.05")
    assert uniqodo(sandbox, "A-503x1").status == 503
    [call] = sandbox.calls()
    assert call.fault == "-SLOW@0.05 +SLOW@0.05 -503"
    assert call.answered is not None
    assert call.answered - call.arrived >= 0.1


def test_a_codes_own_marks_wait_until_the_outage_is_over(sandbox: Sandbox) -> None:
    sandbox.fail("500x2")
    assert [uniqodo(sandbox, "A-503x1").status for _ in range(4)] == [500, 500, 503, 200]


def mixed(sandbox: Sandbox, seed: int) -> dict[str, str | None]:
    sandbox.reset()
    assert control(sandbox, "POST", "faults", mix={"503": 0.3, "+502": 0.2}, seed=seed).status == 200
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sovendus(sandbox, f"C{n}"), range(120)))
    return {call.code: call.fault for call in sandbox.calls() if call.code}


def test_mix_is_random_by_seed_and_the_same_again(sandbox: Sandbox) -> None:
    first = mixed(sandbox, 7)
    assert mixed(sandbox, 7) == first
    assert mixed(sandbox, 8) != first
    drawn = list(first.values())
    assert 20 <= drawn.count("-503") <= 55
    assert 10 <= drawn.count("+502") <= 40
    assert drawn.count(None) == 120 - drawn.count("-503") - drawn.count("+502")


def test_mix_draws_anew_for_every_attempt(sandbox: Sandbox) -> None:
    sandbox.mix({"503": 0.5}, seed=3, partner="sovendus")
    assert {sovendus(sandbox, "A").status for _ in range(40)} == {200, 503}


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "NONSENSE"},
        {"fault": "503", "partnr": "uniqodo"},
        {"fault": "503", "times": 0},
        {"fault": "503", "times": "5"},
        {"fault": "503", "account": 7},
        {"partner": "uniqodo"},
        {"fault": "503", "mix": {"503": 0.1}},
        {"mix": {"503": 0.7, "502": 0.7}},
        {"mix": {"503": -0.1}},
        {"mix": {"NONSENSE": 0.1}},
        {"mix": {"503": "often"}},
        {"mix": {"503": 0.1}, "seed": "x"},
    ],
    ids=str,
)
def test_senseless_faults_are_refused(sandbox: Sandbox, body: dict[str, object]) -> None:
    reply = control(sandbox, "POST", "faults", **body)
    assert reply.status == 422
    assert reply.json["error"]
    assert uniqodo(sandbox, "A").status == 200


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(sandbox: Sandbox, body: bytes) -> None:
    assert ask(sandbox, "POST", "/_sandbox/faults", body).status == 422


def test_policy_is_shown_and_changed(sandbox: Sandbox) -> None:
    before = control(sandbox, "GET", "policy").json
    assert before == {
        "accepted_keys": None,
        "wrong_ids": ["9999"],
        "error_status": 200,
        "error_code_as_text": False,
        "require_validation_key": False,
    }
    changed = control(sandbox, "PATCH", "policy", accepted_keys=["new"], wrong_ids=["1", "2"])
    assert changed.json == {**before, "accepted_keys": ["new"], "wrong_ids": ["1", "2"]}
    assert uniqodo(sandbox, "A", "old").error == 101
    assert sovendus(sandbox, "A", "2").status == 500
    control(sandbox, "PATCH", "policy", accepted_keys=None)
    assert uniqodo(sandbox, "A", "old").error is None


@pytest.mark.parametrize(
    "change",
    [
        {"acepted_keys": []},
        {"accepted_keys": "k1"},
        {"wrong_ids": None},
        {"wrong_ids": [1]},
        {"error_status": "200"},
        {"error_status": 99},
        {"error_code_as_text": 1},
    ],
    ids=str,
)
def test_senseless_policies_are_refused_with_their_name(sandbox: Sandbox, change: dict[str, object]) -> None:
    reply = control(sandbox, "PATCH", "policy", **change)
    assert reply.status == 422
    assert next(iter(change)) in reply.json["error"]


def test_reset_and_clear_books(sandbox: Sandbox) -> None:
    control(sandbox, "POST", "faults", fault="503", partner="sovendus")
    control(sandbox, "PATCH", "policy", error_status=400)
    uniqodo(sandbox, "A")
    control(sandbox, "DELETE", "books")
    assert control(sandbox, "GET", "calls").lines == control(sandbox, "GET", "redemptions").lines == []
    assert uniqodo(sandbox, "A").error is None
    assert uniqodo(sandbox, "A").status == 400
    assert control(sandbox, "POST", "reset").status == 200
    assert (uniqodo(sandbox, "A").error, sovendus(sandbox, "A").status) == (None, 200)
    assert uniqodo(sandbox, "A").status == 200


def test_help_and_unknown_places(sandbox: Sandbox) -> None:
    page = ask(sandbox, "GET", "/")
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    for word in ("TRUNCATED", "/_sandbox/redemptions", "EXHAUSTED", "Retry-After"):
        assert word in page.body.decode()
    assert control(sandbox, "GET", "nowhere").status == 404
    assert control(sandbox, "PUT", "faults").status == 404
    assert ask(sandbox, "GET", "/favicon.ico").status == 404
    assert sandbox.calls() == []
