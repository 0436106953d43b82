"""`redeem dead` with letters that are no redemptions: bad messages and invalid events."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from tasks.errors import Crashed
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.bad_message import UnknownTask, UnreadableMessage
from tasks.messages.burying import Reasoned, bury_event, bury_message
from tests.cli.conftest import Ran, Run, Worker, event, lines
from tests.tasks.examples import ADDRESS
from tests.tasks.garbage import envelope, good_with_tag

pytestmark = pytest.mark.usefixtures("configured")

UNREADABLE = UnreadableMessage("not JSON (line 1, column 1)")
UNKNOWN_FIELD = InvalidEvent((FieldError("$.note", "unknown field"),))
BINARY = b"\xff\x1b[31m\x00" + b"jane.doe@example.com" + bytes(range(128, 256)) * 100


def bury(worker: Worker, raw: bytes, error: Reasoned = UNREADABLE) -> str:
    return bury_message(worker.runtime, raw, "orders", error)


def test_a_letter_of_a_strangers_is_shown_without_addresses(redeem: Run, worker: Worker) -> None:
    whole = {"order_id": "a\x1b[31mb", "email": ADDRESS, "note": ADDRESS}
    letter = bury_event(worker.runtime, whole, UNKNOWN_FIELD)
    for words in (["dead", "list"], ["dead", "list", "--json"], ["dead", "show", letter], ["show", letter, "--json"]):
        ran = redeem(*words)
        assert ran.status == 0
        assert letter in ran.out
        assert "jane" not in ran.out
        assert "\x1b" not in ran.out
    assert redeem("dead", "replay", letter).status == 1
    assert redeem("dead", "discard", letter) == Ran(0, f"discarded {letter}\n", "")


def test_all_kinds_are_listed_by_reason(redeem: Run, worker: Worker) -> None:
    order = good_with_tag(event("7"), "1")
    made = {
        "unreadable_message": bury(worker, b"nonsense"),
        "unknown_task": bury(worker, order, UnknownTask("the task it names is none of this worker's")),
        "crashed": bury(worker, order, Crashed("the workers that had it in hand died")),
        "invalid_event": bury_event(worker.runtime, {"note": 1}, UNKNOWN_FIELD),
    }
    table = redeem("dead", "list").out
    for reason, letter in made.items():
        assert redeem("dead", "list", "--json", "--reason", reason).row["id"] == letter
        assert f"{reason}" in table
        assert letter in table
    assert {row["id"] for row in redeem("dead", "list", "--json", "--order", "7").rows} == {
        made["unknown_task"],
        made["crashed"],
    }
    assert "order 7: the task it names is none of this worker's" in table


def test_a_message_that_is_no_text_is_shown_safely_and_whole_as_json(redeem: Run, worker: Worker) -> None:
    letter = bury(worker, BINARY)
    shown = redeem("dead", "show", letter).out
    assert "\\xff" in shown
    assert "--json has all of it" in shown
    assert "jane" not in shown
    assert all(char.isprintable() or char == "\n" for char in shown)
    row = redeem("dead", "show", letter, "--json").row
    assert b64decode(row["raw_base64"]) == BINARY
    assert (row["raw_bytes"], row["queue"]) == (len(BINARY), "orders")


def test_a_large_message_is_shown_by_its_beginning(redeem: Run, worker: Worker) -> None:
    raw = b"beginning " + b"x" * (10 * 1024 * 1024)
    letter = bury(worker, raw)
    assert len(redeem("dead", "list").out) < 1000
    shown = redeem("dead", "show", letter).out
    assert "beginning" in shown
    assert len(shown) < 4000
    assert redeem("dead", "show", letter, "--json").row["raw"] == raw.decode()


def test_a_mended_message_is_replayed(redeem: Run, worker: Worker) -> None:
    without_delivery = envelope("orders", body=json.dumps([[event("8", email=ADDRESS)], {}, {}]))
    del without_delivery["properties"]["delivery_info"]
    letter = bury(worker, json.dumps(without_delivery).encode())
    assert "jane" not in redeem("dead", "show", letter, "--json").out
    assert redeem("dead", "replay", letter) == Ran(0, f"replayed {letter} as sovendus:uk:8:SKD1\n", "")
    assert redeem("show", "sovendus:uk:8:SKD1", "--json").row["state"] == "queued"
    assert redeem("dead", "list", "--json").out == ""
    closed = redeem("show", letter, "--json").row
    assert (closed["state"], "raw" in closed) == ("discarded", False)


def test_what_cannot_be_replayed_says_why_and_can_be_closed(redeem: Run, worker: Worker) -> None:
    redeem("emit", "-", stdin=lines(event("9")))
    letter = bury(worker, b"nonsense")
    ran = redeem("dead", "replay", letter)
    assert (ran.status, ran.out) == (1, "")
    assert f"refused  {letter}: still unreadable: not JSON" in ran.err
    assert redeem("dead", "discard", letter) == Ran(0, f"discarded {letter}\n", "")
    assert redeem("dead", "show", letter).status == 1


def test_a_message_for_another_task_is_replayed_only_by_its_id(redeem: Run, worker: Worker) -> None:
    cancelled = good_with_tag(event("7"), "1").replace(b"orders.completed", b"orders.cancelled")
    letter = bury(worker, cancelled, UnknownTask("the task it names is none of this worker's"))
    bulk = redeem("dead", "replay", "--reason", "unknown_task", "--yes")
    assert bulk.status == 1
    assert f"refused  {letter}: it is for another task" in bulk.err
    assert redeem("dead", "replay", letter).status == 0
