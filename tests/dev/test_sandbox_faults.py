"""Faults by a mark in the code: each one genuine on the wire, told truly in the books, and over when it says so."""

from __future__ import annotations

import socket
import time
from http.client import BadStatusLine, HTTPConnection, IncompleteRead, RemoteDisconnected

import pytest

from tests.dev.partner_calls import Reply, exchange, sovendus, uniqodo, uniqodo_path
from worker.dev.sandbox import Sandbox
from worker.dev.sandbox.faults import Fault, UnknownFaultError, marked_fault, parse_fault

SHORT = 0.15
"""Seconds of patience of a client that is to give up."""


def call(sandbox: Sandbox, partner: str, code: str, patience: float = 5.0) -> Reply:
    redeem = sovendus if partner == "sovendus" else uniqodo
    return redeem(sandbox, code, patience=patience)


both = pytest.mark.parametrize("partner", ["sovendus", "uniqodo"])


@both
def test_status_a_number_of_times_then_it_works(sandbox: Sandbox, partner: str) -> None:
    assert [call(sandbox, partner, "SAVE-503x2").status for _ in range(3)] == [503, 503, 200]
    calls = sandbox.calls(partner=partner)
    assert [(one.status, one.fault, one.committed) for one in calls] == [
        (503, "-503", False),
        (503, "-503", False),
        (200, None, True),
    ]


@both
def test_too_many_requests_says_when_to_come_back(sandbox: Sandbox, partner: str) -> None:
    assert call(sandbox, partner, "A-429x1").headers["Retry-After"] == "1"
    assert call(sandbox, partner, "B-429@7").headers["Retry-After"] == "7"
    assert "Retry-After" not in call(sandbox, partner, "C-500x1").headers


@both
def test_status_after_booking(sandbox: Sandbox, partner: str) -> None:
    assert call(sandbox, partner, "A+502x1").status == 502
    [one] = sandbox.calls()
    assert (one.status, one.fault, one.committed) == (502, "+502", True)
    again = call(sandbox, partner, "A+502x1")
    if partner == "uniqodo":
        assert again.error == 201
    else:
        assert [entry.commits for entry in sandbox.doubled()] == [2]


@both
@pytest.mark.parametrize(("mark", "committed"), [("-HANG", False), ("+HANG", True), ("-TIMEOUT", True)])
def test_no_answer_until_the_client_gives_up(
    sandbox: Sandbox,
    partner: str,
    mark: str,
    committed: bool,  # noqa: FBT001  # a parametrized expectation
) -> None:
    with pytest.raises(TimeoutError):
        call(sandbox, partner, f"A{mark}", patience=SHORT)
    [one] = sandbox.wait_for_calls(1)
    booked = sandbox.wait_for_redemptions(int(committed))
    assert (one.status, one.committed, len(booked)) == (None, committed, int(committed))
    repeated = call(sandbox, partner, f"A{mark}")
    assert repeated.status == 200
    if partner == "uniqodo":
        assert repeated.error == (201 if committed else None)


def test_hang_with_an_end_closes_the_connection(sandbox: Sandbox) -> None:
    with pytest.raises(RemoteDisconnected):
        sovendus(sandbox, "A-HANG@0.05")


@both
@pytest.mark.parametrize("sign", ["-", "+"])
def test_reset_is_a_reset(sandbox: Sandbox, partner: str, sign: str) -> None:
    with pytest.raises(ConnectionResetError) as caught:
        call(sandbox, partner, f"A{sign}RESET")
    assert not isinstance(caught.value, RemoteDisconnected)  # which is an end of file, and a subclass
    assert [one.committed for one in sandbox.calls()] == [sign == "+"]


@both
def test_close_is_an_end_of_file(sandbox: Sandbox, partner: str) -> None:
    with pytest.raises(RemoteDisconnected):
        call(sandbox, partner, "A-CLOSE")


@both
def test_truncated_body_ends_before_its_length(sandbox: Sandbox, partner: str) -> None:
    with pytest.raises(IncompleteRead) as caught:
        call(sandbox, partner, "A+TRUNCATED")
    assert caught.value.partial
    assert caught.value.expected == 512
    assert [(one.status, one.committed) for one in sandbox.calls()] == [(200, True)]


@both
def test_unreadable_bodies(sandbox: Sandbox, partner: str) -> None:
    garbage = call(sandbox, partner, "A-GARBAGE")
    assert garbage.status == 200
    with pytest.raises(UnicodeDecodeError):
        _ = garbage.json
    empty = call(sandbox, partner, "A-EMPTY")
    assert (empty.status, empty.body, empty.headers["Content-Length"]) == (200, b"", "0")
    huge = call(sandbox, partner, "A-HUGE@2")
    assert len(huge.body) > 2 << 20
    assert sandbox.redemptions() == []


@both
def test_noise_is_not_http(sandbox: Sandbox, partner: str) -> None:
    with pytest.raises(BadStatusLine):
        call(sandbox, partner, "A-NOISE")


@both
@pytest.mark.parametrize("mark", ["-SLOW@0.1", "+SLOW@0.1"])
def test_slow_answers_rightly_but_late(sandbox: Sandbox, partner: str, mark: str) -> None:
    started = time.monotonic()
    assert call(sandbox, partner, f"A{mark}").status == 200
    assert time.monotonic() - started >= 0.1
    [one] = sandbox.calls()
    assert one.committed
    assert one.answered is not None
    assert one.answered - one.arrived >= 0.1


def test_slow_after_booking_has_booked_while_the_caller_waits(sandbox: Sandbox) -> None:
    with pytest.raises(TimeoutError):
        uniqodo(sandbox, "A+SLOW@30", patience=SHORT)
    sandbox.wait_for_redemptions(1)
    [one] = sandbox.calls()
    assert (one.committed, one.status, one.answered) == (True, None, None)


def test_drip_comes_byte_by_byte(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        request = f"GET {uniqodo_path('A-DRIP@0.001')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        pieces = list(iter(lambda: connection.recv(65_536), b""))
    assert len(pieces) > 20
    assert b"".join(pieces).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(sandbox.redemptions()) == 1


def test_hints_come_before_the_right_answer(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        request = f"GET {uniqodo_path('A-HINTS')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    hints, _, answer = received.partition(b"\r\n\r\n")
    assert hints.startswith(b"HTTP/1.1 103 ")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(sandbox.redemptions()) == 1


def test_hangup_answers_and_then_closes_unannounced(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=5)
    try:
        reply = exchange(connection, "GET", uniqodo_path("A-HANGUP"))
        assert (reply.status, reply.error, "Connection" in reply.headers) == (200, None, False)
        assert connection.sock.recv(1) == b""
    finally:
        connection.close()


def test_redirect_leads_where_the_books_show_it(sandbox: Sandbox) -> None:
    assert sovendus(sandbox, "A-302x1").headers["Location"] == "/followed"
    assert [one.path for one in sandbox.calls()] == ["/redeem/4711"]


@both
def test_marks_play_one_after_the_other(sandbox: Sandbox, partner: str) -> None:
    code = "S-503x2-429x1@3+GARBAGE"
    assert [call(sandbox, partner, code).status for _ in range(5)] == [503, 503, 429, 200, 200]
    assert [one.committed for one in sandbox.calls()] == [False, False, False, True, partner == "sovendus"]


def test_marks_count_by_code_in_any_case_and_account(sandbox: Sandbox) -> None:
    assert uniqodo(sandbox, "a-503x1").status == 503
    assert uniqodo(sandbox, "A-503X1").status == 200
    assert uniqodo(sandbox, "a-503x1", key="k2").status == 503
    assert sovendus(sandbox, "a-503x1").status == 503


@pytest.mark.parametrize(
    ("code", "seen", "expected"),
    [
        ("PLAIN", 0, None),
        ("ORDER-503", 0, None),
        ("ORDER-5031x2", 0, None),
        ("A-HANGING", 0, None),
        ("A503x2", 0, None),
        ("A-200x1", 0, None),
        ("-503x*", 999, Fault("503")),
        ("A-503x2B", 0, None),
        ("A-503x1-B", 0, Fault("503")),
        ("A-503x1-B", 1, None),
        ("A-timeout-1", 0, Fault("HANG", after_commit=True)),
        ("A+slowx3@0.25", 2, Fault("SLOW", after_commit=True, parameter=0.25)),
        ("A+slowx3@0.25", 3, None),
    ],
)
def test_grammar_in_codes(code: str, seen: int, expected: Fault | None) -> None:
    assert marked_fault(code, seen) == expected


def test_grammar_of_standing_faults() -> None:
    assert parse_fault("503") == Fault("503")
    assert parse_fault("429x3@2") == Fault("429", parameter=2.0, times=3)
    assert str(parse_fault("TIMEOUT")) == "+HANG"
    for wrong in ("", "200", "SLOWLY", "503x", "--503", "503 "):
        with pytest.raises(UnknownFaultError, match="is no fault"):
            parse_fault(wrong)
