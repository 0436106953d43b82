"""`Idempotency-Key`: with the same body the same answer, with another none; and what is kept of it."""

from __future__ import annotations

import json

import pytest
from redis import Redis

from tests.web.conftest import TOKENS, Web, event
from tests.web.test_orders import journaled

UUID = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def test_the_same_key_and_body_is_the_same_answer(web: Web, redis: Redis) -> None:
    headers = {"Idempotency-Key": f'"{UUID}"'}
    first, again = (web.post("/orders", event(), headers=headers) for _ in range(2))
    unquoted = web.post("/orders", event(), headers={"Idempotency-Key": UUID})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (unquoted.status_code, unquoted.json()) == (202, first.json())
    assert len(journaled(redis)) == 1


def test_the_same_key_with_another_body_is_refused(web: Web, redis: Redis) -> None:
    headers = {"Idempotency-Key": UUID}
    assert web.post("/orders", event("1"), headers=headers).status_code == 202
    refused = web.post("/orders", event("2"), headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:redeem:problem:idempotency-key-reused")
    assert journaled(redis) == {"sovendus:uk:1:SKD1"}


def test_a_key_is_each_shops_own_and_not_used_up_by_what_is_not_valid(web: Web) -> None:
    headers = {"Idempotency-Key": UUID}
    assert web.post("/orders", event("1"), headers=headers, token=TOKENS["de"]).status_code == 202
    assert web.post("/orders", event(""), headers=headers).status_code == 422
    assert web.post("/orders", event("2"), headers=headers).status_code == 202


def test_of_a_key_a_digest_is_kept_for_a_day(web: Web, redis: Redis) -> None:
    whole = event("order-no-4711", email="jane@example.com")
    assert web.post("/orders", whole, headers={"Idempotency-Key": "jane@example.com/no-4711"}).status_code == 202
    (key,) = redis.keys("redeem:idempotency:*")
    assert 86_000 < redis.ttl(key) <= 86_400
    kept = json.dumps([key, redis.get(key)])
    assert "no-4711" not in kept
    assert "jane" not in kept


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb", b"\xc3\xa4", '"a"b\x7f'])
def test_what_is_no_key_is_refused(web: Web, redis: Redis, key: str) -> None:
    answer = web.post("/orders", event(), headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:redeem:problem:idempotency-key")
    assert not journaled(redis)


@pytest.mark.parametrize("key", ["x", "x" * 255, '"' + "x" * 255 + '"', '"a\\"b"', "a b", "order/1?"])
def test_what_is_a_key_is_taken(web: Web, key: str) -> None:
    assert web.post("/orders", event(), headers={"Idempotency-Key": key}).status_code == 202
