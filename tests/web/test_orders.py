"""POST /orders: what is answered with 202 is journaled, all of it, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis import Redis

from tests.web.conftest import TOKENS, Web, event, lines


def journaled(redis: Redis) -> set[str]:
    found: list[str] = redis.keys("redeem:redemption:*")  # type: ignore[assignment]  # with decode_responses
    return {key.removeprefix("redeem:redemption:") for key in found}


def test_an_order_is_journaled_before_it_is_answered(web: Web, redis: Redis) -> None:
    answer = web.post("/orders", event(email="jane@example.com"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "application/json")
    assert answer.json() == {"accepted": [{"order_id": "145789", "redemptions": ["sovendus:uk:145789:SKD1"]}]}
    assert redis.hget("redeem:redemption:sovendus:uk:145789:SKD1", "state") == "queued"
    assert redis.llen("sovendus") == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps([event("1"), event("2", "A", "B"), event("3", coupons=[])]).encode(), "application/json"),
        (lines(event("1"), event("2", "A", "B"), event("3", coupons=[])), "application/x-ndjson"),
        (b"\xef\xbb\xbf\n" + lines(event("1"), event("2", "A", "B"), event("3", coupons=[])), "application/jsonl"),
        (lines(event("1"), event("2", "A", "B"), event("3", coupons=[])), ""),
    ],
)
def test_of_several_each_is_answered_in_its_place(web: Web, redis: Redis, body: bytes, kind: str) -> None:
    answer = web.post("/orders", body, headers={"Content-Type": kind})
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": [
            {"order_id": "1", "redemptions": ["sovendus:uk:1:SKD1"]},
            {"order_id": "2", "redemptions": ["sovendus:uk:2:A", "sovendus:uk:2:B"]},
            {"order_id": "3", "redemptions": []},
        ]
    }
    assert journaled(redis) == {"sovendus:uk:1:SKD1", "sovendus:uk:2:A", "sovendus:uk:2:B"}


def test_the_same_again_is_the_same_answer_and_one_redemption(web: Web, redis: Redis) -> None:
    answers = [web.post("/orders", event("1", code)).json() for code in ("skd1", " SKD1")]
    assert answers[0] == answers[1]
    assert journaled(redis) == {"sovendus:uk:1:SKD1"}


def test_the_token_says_the_shop_and_an_event_may_too(web: Web, redis: Redis) -> None:
    assert web.post("/orders", event("1"), token=TOKENS["de"]).status_code == 202
    assert web.post("/orders", event("2", shop=" DE "), token=TOKENS["de"]).status_code == 202
    assert journaled(redis) == {"sovendus:de:1:SKD1", "sovendus:de:2:SKD1"}


def test_one_that_cannot_be_sent_is_taken_and_is_a_dead_letter(web: Web, redis: Redis) -> None:
    codes = [{"code": "A", "provenance": "uniqodo"}]
    answer = web.post("/orders", {"order_id": "1", "coupons": codes})
    assert answer.json()["accepted"][0]["redemptions"] == ["uniqodo:uk:1:A"]
    assert redis.hget("redeem:redemption:uniqodo:uk:1:A", "reason") == "incomplete"


def test_a_thousand_at_once(web: Web, redis: Redis) -> None:
    whole = [event(str(number), coupons=[{"code": "A"}] * (number % 5 == 0)) for number in range(1000)]
    answer = web.post("/orders", whole)
    assert [one["order_id"] for one in answer.json()["accepted"]] == [str(number) for number in range(1000)]
    assert len(journaled(redis)) == 200


ONE_WRONG: list[Any] = [
    event("1"),
    event("2", vat="19.00"),
    {"order_id": "3", "coupons": [{"code": ""}, {"kode": "x"}]},
]


def test_one_bad_event_refuses_all_and_every_fault_is_named(web: Web, redis: Redis) -> None:
    answer = web.post("/orders", ONE_WRONG)
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (problem["status"], problem["type"]) == (422, "urn:redeem:problem:invalid-event")
    assert [(one["path"], one["event"]) for one in problem["errors"]] == [
        ("$[1].vat", 1),
        ("$[2].coupons[0].code", 2),
        ("$[2].coupons[1].code", 2),
        ("$[2].coupons[1].kode", 2),
    ]
    assert not journaled(redis)


def test_in_lines_the_line_is_named_too(web: Web) -> None:
    body = b"\n" + lines(event("1")) + b"{\n" + lines({"order_id": ""})
    errors = web.post("/orders", body).json()["errors"]
    assert [(one["path"], one["event"], one["line"]) for one in errors] == [("$[1]", 1, 3), ("$[2].order_id", 2, 4)]


def test_of_one_event_the_path_is_from_its_root(web: Web) -> None:
    errors = web.post("/orders", event(currency="gbp")).json()["errors"]
    assert errors == [{"path": "$.currency", "message": 'must be an ISO 4217 code in upper case, such as "GBP"'}]


def test_the_answer_to_ten_thousand_faults_is_short(web: Web) -> None:
    problem = web.post("/orders", [{"order_id": "1", "coupons": [{}] * 20}] * 500).json()
    assert len(problem["errors"]) == 50
    assert problem["more"] == 500 * 20 - 50


def test_an_event_of_another_shop_refuses_all(web: Web, redis: Redis) -> None:
    answer = web.post("/orders", [event("1"), event("2", shop="de"), event("3", shop="nowhere"), {}])
    assert answer.status_code == 403
    assert [(one["path"], one["event"]) for one in answer.json()["errors"]] == [("$[1].shop", 1), ("$[2].shop", 2)]
    assert not journaled(redis)


NOT_EVENTS = {
    "nothing": b"",
    "blanks": b" \n ",
    "an empty array": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "a text": b'"order"',
    "NaN": b'{"order_id": NaN}',
    "a key twice": b'{"order_id": "1", "order_id": "2"}',
    "a huge integer": b'{"order_id": "1", "currency": "GBP", "order_value": ' + b"9" * 5000 + b"}",
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "half a pair": b'{"order_id": "\\ud800"}',
    "half a pair as a name": b'{"order_id": "1", "\\ud800": 1}',
    "NUL": b'{"order_id": "1\\u0000"}',
    "NUL in a name": b'{"order_id": "1", "a\\u0000": 1}',
    "UTF-16": json.dumps(event()).encode("utf-16"),
    "Latin-1": '{"order_id": "ä"}'.encode("latin-1"),
    "an address as a name": b'{"order_id": "1", "jane@example.com": 1}',
    "arrays within": b"[[]]",
    "cut off": b'[{"order_id": "1"}, {"ord',
    "a tree of shops": b'{"order_id": "1", "shop": {"name": ["uk"]}}',
    "no shop": b'{"order_id": "1", "shop": null}',
}


@pytest.mark.parametrize("body", NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_what_is_no_event_is_refused_without_repeating_it(web: Web, redis: Redis, body: bytes) -> None:
    answer = web.post("/orders", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:redeem:problem:invalid-event")
    assert answer.json()["errors"]
    assert "jane" not in answer.text
    assert not journaled(redis)


def test_sizes_have_an_end(web: Web, redis: Redis) -> None:
    too_many = web.post("/orders", [event(str(number)) for number in range(1001)])
    codes = web.post("/orders", [event(str(number), *map(str, range(50))) for number in range(41)])
    too_large = web.post("/orders", b" " * (1024 * 1024 + 1))
    in_pieces = web.request("POST", "/orders", data=(b" " * 10_000 for _ in range(105)))
    just_fits = web.post("/orders", b" " * (1024 * 1024))
    answers = [
        (one.status_code, one.json()["type"].rpartition(":")[2]) for one in (too_many, codes, too_large, in_pieces)
    ]
    assert answers == [(413, "too-many-events")] * 2 + [(413, "too-large")] * 2
    assert just_fits.status_code == 422
    assert not journaled(redis)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/xml"},
        {"Content-Encoding": "gzip"},
    ],
)
def test_what_is_no_json_by_its_own_word_is_refused(web: Web, headers: dict[str, str]) -> None:
    assert web.post("/orders", event(), headers=headers).status_code == 415


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/vnd.shop+json", "text/plain", "TEXT/JSON", ""]
)
def test_what_may_be_json_is_read(web: Web, kind: str) -> None:
    assert web.post("/orders", event(), headers={"Content-Type": kind}).status_code == 202
