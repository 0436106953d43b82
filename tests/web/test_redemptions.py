"""GET /redemptions/{id}: what became of it, for its own shop, however the id is written."""

from __future__ import annotations

import subprocess
from urllib.parse import quote

import pytest
from redis import Redis

from tests.tools import tool
from tests.web.conftest import TOKENS, Web, event

AWKWARD = {"order_id": "145:1 /50%", "coupons": [{"code": "ä b/c?d#e"}]}


def test_a_shop_sees_what_became_of_its_redemption(web: Web) -> None:
    (accepted,) = web.post("/orders", event(email="jane@example.com")).json()["accepted"]
    answer = web.get(f"/redemptions/{accepted['redemptions'][0]}")
    assert answer.status_code == 200
    found = answer.json()
    assert found.pop("completed_at")
    assert found == {
        "id": "sovendus:uk:145789:SKD1",
        "partner": "sovendus",
        "shop": "uk",
        "order_id": "145789",
        "code": "SKD1",
        "state": "queued",
        "attempts": 0,
        "order_value": "219.99",
        "currency": "GBP",
        "reported_at": None,
        "reason": None,
        "error_code": None,
        "error_message": None,
        "receipt": None,
    }


def test_a_test_redemption_too(web: Web) -> None:
    web.post("/orders", event(test=True))
    assert web.get("/redemptions/test:sovendus:uk:145789:SKD1").json()["id"] == "test:sovendus:uk:145789:SKD1"


def test_an_id_properly_encoded_is_found(web: Web) -> None:
    (accepted,) = web.post("/orders", AWKWARD).json()["accepted"]
    (known,) = accepted["redemptions"]
    assert known == "sovendus:uk:145%3A1 /50%25:Ä B/C?D#E"
    assert web.get("/redemptions/" + quote(known, safe="")).json()["id"] == known
    assert web.get("/redemptions/" + quote(known)).json()["id"] == known


@pytest.mark.parametrize("pasted", ["sovendus:uk:145%3A1:CODE", "sovendus:uk:145%253A1:CODE"])
def test_an_id_pasted_into_a_url_is_found(web: Web, pasted: str) -> None:
    curl = tool("curl", package="curl")
    web.post("/orders", event("145:1", "code"))
    command = [curl, "-s", "-H", f"Authorization: Bearer {TOKENS['uk']}", f"{web.url}/redemptions/{pasted}"]
    told = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    assert b'"id":"sovendus:uk:145%3A1:CODE"' in told


def test_one_pasted_with_only_its_blanks_encoded_is_found(web: Web) -> None:
    web.post("/orders", event("145:1 b", "c d"))
    raw = web.raw(
        b"GET /redemptions/sovendus:uk:145%3A1%20b:C%20D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer " + TOKENS["uk"].encode() + b"\r\n\r\n"
    )
    assert raw.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "path", ["sovendus:uk:145789:SKD1", "sovendus:uk:0:SKD1", "x", "", "%", "%00", "%FF", "%ED%A0%80", "a" * 9000]
)
def test_anothers_is_as_unknown_as_one_that_never_was(web: Web, path: str) -> None:
    web.post("/orders", event())
    answer = web.get(f"/redemptions/{path}", token=TOKENS["de"])
    assert answer.status_code == 404
    assert answer.json()["detail"] == "This shop has no redemption with that id."


def test_a_dead_letter_that_is_no_redemption_is_not_told(web: Web, redis: Redis) -> None:
    redis.hset("redeem:redemption:event:1", mapping={"state": "dead", "shop": "uk", "raw_as": "text"})
    assert web.get("/redemptions/event:1").status_code == 404


def test_nobody_sees_any_without_a_token(web: Web) -> None:
    web.post("/orders", event())
    assert web.get("/redemptions/sovendus:uk:145789:SKD1", token=None).status_code == 401
