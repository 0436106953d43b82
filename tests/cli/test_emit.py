from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from tests.cli.conftest import Run, Worker, event, lines
from tests.tasks.examples import ADDRESS

pytestmark = pytest.mark.usefixtures("configured")

ONE = "sovendus:uk:1:SKD1"
TWO = "sovendus:uk:2:SKD1"


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([event("1"), event("2")]).encode(),
        json.dumps([event("1"), event("2")], indent=2).encode(),
        lines(event("1"), event("2")),
        b"\n\n" + lines(event("1")) + b"  \r\n" + lines(event("2")).strip(),
        b"\xef\xbb\xbf" + lines(event("1"), event("2")),
    ],
    ids=["array", "pretty array", "lines", "lines with gaps", "byte order mark"],
)
@pytest.mark.parametrize("by", ["file", "-"])
def test_takes_json_and_json_lines(redeem: Run, worker: Worker, tmp_path: Path, content: bytes, by: str) -> None:
    if by == "file":
        (tmp_path / "orders.json").write_bytes(content)
        ran = redeem("emit", "orders.json")
    else:
        ran = redeem("emit", "-", stdin=content)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"accepted {ONE}  queued\naccepted {TWO}  queued\n"
    assert worker.record(ONE).state == worker.record(TWO).state == "queued"


@pytest.mark.parametrize("indent", [None, 2])
def test_takes_one_event(redeem: Run, indent: int | None) -> None:
    ran = redeem("emit", "-", stdin=json.dumps(event("1"), indent=indent).encode())
    assert (ran.status, ran.out) == (0, f"accepted {ONE}  queued\n")


def test_takes_several_files(redeem: Run, tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / f"{number}.json").write_bytes(lines(event(number)))
    ran = redeem("emit", "1.json", "2.json", "--json")
    assert (ran.status, [row["order_id"] for row in ran.rows]) == (0, ["1", "2"])


def test_rings_once_for_each(redeem: Run, redis: Redis) -> None:
    redeem("emit", "-", stdin=lines(event("1", "A", "B"), event("1", "a ", "B")))
    messages = redis.lrange("sovendus", 0, -1)
    assert isinstance(messages, list)
    assert len(messages) == 2
    assert "219.99" not in repr(messages)


def test_as_json(redeem: Run) -> None:
    uniqodo = {"code": "ab12", "provenance": "uniqodo", "validation_key": "f"}
    ran = redeem(
        "emit", "-", "--json", stdin=lines(event("1", coupons=[uniqodo, {"code": "SKD1"}]), event("2", coupons=[]))
    )
    assert ran.rows == [
        {
            "order_id": "1",
            "redemptions": ["uniqodo:uk:1:AB12", ONE],
            "results": {"uniqodo:uk:1:AB12": "queued", ONE: "queued"},
        },
        {"order_id": "2", "redemptions": [], "results": {}},
    ]


def test_says_what_becomes_of_each(redeem: Run) -> None:
    assert redeem("emit", "-", stdin=lines(event("1"))).out == f"accepted {ONE}  queued\n"
    assert redeem("emit", "-", stdin=lines(event("1", " skd1 "))).out == f"accepted {ONE}  known already\n"
    assert "no code of a partner" in redeem("emit", "-", stdin=lines(event("3", coupons=[]))).out
    nowhere = redeem("emit", "-", stdin=lines(event("4", shop="fr")))
    assert nowhere.status == 0, "what cannot be routed is accepted, and a person's to mend"
    assert nowhere.out == ('accepted unrouted:fr:4:SKD1  dead letter (unroutable: no shop "fr" is configured)\n')
    redeem("pause", "--shop", "uk")
    assert redeem("emit", "-", stdin=lines(event("5"))).out.endswith("  waiting for its account\n")


WRONG = event("7", order_vlaue="1", currency="gbp", email=ADDRESS)


def test_each_event_is_taken_or_refused_by_itself(redeem: Run, worker: Worker) -> None:
    ran = redeem("emit", "-", stdin=lines(event("1"), WRONG, event("2")))
    assert (ran.status, ran.out) == (1, f"accepted {ONE}  queued\naccepted {TWO}  queued\n")
    assert ran.err == (
        'refused  <stdin>:2 (order 7): $.currency: must be an ISO 4217 code in upper case, such as "GBP"\n'
        "refused  <stdin>:2 (order 7): $.order_vlaue: unknown field\n"
    )
    assert worker.record(TWO).state == "queued"
    assert worker.runtime.ledger.find("sovendus:uk:7:SKD1") is None


def test_each_refusal_as_json(redeem: Run) -> None:
    ran = redeem("emit", "-", "--json", stdin=json.dumps([WRONG, event("1"), "x"]).encode())
    assert (ran.status, ran.err) == (1, "")
    assert ran.rows[0]["refused"] == "<stdin>[0]"
    assert ran.rows[0]["order_id"] == "7"
    assert {"path": "$.order_vlaue", "message": "unknown field"} in ran.rows[0]["errors"]
    assert ran.rows[1]["redemptions"] == [ONE]
    assert ran.rows[2] == {
        "refused": "<stdin>[2]",
        "order_id": None,
        "errors": [{"path": "$", "message": "must be a JSON object, not a string"}],
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"nonsense", "not JSON"),
        (b'{"order_id": "1",\n "shop": }', "not JSON"),
        (b"\xff\xfe{", "not UTF-8 at byte 0"),
        (b"[" * 200_000, "it nests too deeply"),
        (b'{"order_id": NaN}', "NaN and Infinity are no JSON"),
        (b'{"order_value": ' + b"9" * 5000 + b"}", "a number in it has too many digits"),
        (b'{"order_id": "1", "order_id": "2"}', "the same key stands twice in one object"),
        (b"7", "must be a JSON object, not a number"),
        (b'"x"', "must be a JSON object, not a string"),
        (b"null", "must be a JSON object, not null"),
    ],
    ids=range(13),
)
def test_garbage_is_refused_in_one_line(redeem: Run, content: bytes, told: str) -> None:
    for json_too in ([], ["--json"]):
        ran = redeem("emit", "-", *json_too, stdin=content)
        assert ran.status == 1
        assert (ran.out + ran.err).count("\n") == 1
        assert told in ran.out + ran.err


def test_a_broken_line_does_not_stop_the_others(redeem: Run) -> None:
    ran = redeem("emit", "-", stdin=lines(event("1")) + b'{"order_id": \n' + lines(event("2")))
    assert (ran.status, ran.out) == (1, f"accepted {ONE}  queued\naccepted {TWO}  queued\n")
    assert ran.err.startswith("refused  <stdin>:2: $: not JSON (line 1, column 14)")


@pytest.mark.parametrize(
    "order_id", ["\ud83d", "a\x1b[31mb", "x" * 10_000, {"email": ADDRESS}, [ADDRESS], ADDRESS, 7, True]
)
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_a_strange_order_number_is_shown_as_it_can_be(redeem: Run, order_id: object, json_too: list[str]) -> None:
    ran = redeem("emit", "-", *json_too, stdin=lines(event("1") | {"order_id": order_id, "shop": 7}, event("2")))
    assert ran.status == 1
    assert TWO in ran.out
    assert "\x1b" not in ran.out + ran.err
    assert "jane" not in ran.out + ran.err
    assert len(ran.out + ran.err) < 1000


def test_an_address_goes_no_further(redeem: Run, redis: Redis) -> None:
    assert redeem("emit", "-", stdin=lines(event("1", email=ADDRESS))).status == 0
    everything = [redis.dump(key) for key in redis.scan_iter()]
    assert everything
    assert "jane" not in repr(everything)


@pytest.mark.parametrize("words", [["emit"], ["emit", "nowhere.json"], ["emit", "."], ["emit", "-", "--yaml"]])
def test_wrong_use(redeem: Run, words: list[str]) -> None:
    ran = redeem(*words)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: redeem emit" in ran.err


def test_a_wrong_login_is_told_at_once(redeem: Run, configured: Callable[..., None], broker_url: str) -> None:
    configured(BROKER_URL=broker_url.replace("://", "://nobody:passw0rd@"))
    ran = redeem("emit", "-", stdin=lines(event("1")))
    assert (ran.status, ran.out) == (1, "")
    assert "the broker refuses the login in REDEEM_BROKER_URL" in ran.err
    assert "passw0rd" not in ran.err


def test_a_broker_that_takes_no_more_names_what_it_did_not_take(redeem: Run, redis: Redis) -> None:
    given = lines(event("1"), event("2") | {"email": ADDRESS}, event("3"))
    redis.config_set("maxmemory", 1)
    try:
        ran = redeem("emit", "-", "--patience", "0", stdin=given)
        as_json = redeem("emit", "-", "--patience", "0", "--json", stdin=given)
    finally:
        redis.config_set("maxmemory", 0)
    assert (ran.status, ran.out) == (1, "")
    told, why = ran.err.splitlines()
    assert told.startswith("not accepted  <stdin>:1 (order 1), nor are the 2 after it: hand in again")
    assert "cannot do that now" in why
    assert as_json.status == 1
    assert [json.loads(line) for line in as_json.out.splitlines()] == [
        {"not_accepted": f"<stdin>:{number}", "order_id": str(number)} for number in (1, 2, 3)
    ]
    assert redeem("emit", "-", stdin=given).status == 0


def test_many_events_are_told_in_order_however_many_batches_they_are(redeem: Run, redis: Redis) -> None:
    given = [event(str(number)) for number in range(600)]
    given[300] = WRONG
    ran = redeem("emit", "-", "--json", stdin=lines(*given, event("0")))
    assert ran.status == 1
    assert [row["order_id"] for row in ran.rows] == [one["order_id"] for one in (*given, event("0"))]
    assert ran.rows[300]["refused"] == "<stdin>:301"
    assert ran.rows[-1]["results"] == {"sovendus:uk:0:SKD1": "known already"}
    assert redis.llen("sovendus") == 599


def test_what_is_refused_before_the_broker_failed_is_told_as_such(redeem: Run, redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    try:
        ran = redeem("emit", "-", "--patience", "0", stdin=lines(WRONG, event("1"), event("2")))
    finally:
        redis.config_set("maxmemory", 0)
    told = ran.err.splitlines()
    assert [line.split(":")[0] for line in told[:2]] == ["refused  <stdin>"] * 2
    assert told[2].startswith("not accepted  <stdin>:2 (order 1), nor are the 1 after it")
    assert (ran.status, ran.out) == (1, "")


def test_a_batch_that_fails_names_all_that_was_read_and_not_taken(redeem: Run, redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    try:
        ran = redeem(
            "emit", "-", "--patience", "0", "--json", stdin=lines(*(event(str(number)) for number in range(900)))
        )
    finally:
        redis.config_set("maxmemory", 0)
    assert [json.loads(line)["not_accepted"] for line in ran.out.splitlines()] == [
        f"<stdin>:{n}" for n in range(1, 901)
    ]
