"""Who comes in: a shop's token, or a signature over the very bytes of the body; and what a refusal gives away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from standardwebhooks import Webhook

from tests.web.conftest import OLD_SECRET, OLD_TOKEN, SECRETS, SHARED_SECRET, TOKENS, Web, event
from tests.web.test_orders import journaled

BODY = json.dumps(event()).encode()


def signed(body: bytes, secret: str, *, at: datetime | None = None) -> dict[str, str]:
    """As the reference implementation signs; a secret without its prefix it takes for base64, we for text as well."""
    at = at or datetime.now(UTC)
    webhook = Webhook(secret) if secret.startswith("whsec_") else Webhook(secret.encode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": webhook.sign("msg_1", at, body.decode()),
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": TOKENS["uk"]},
        {"Authorization": f"Basic {TOKENS['uk']}"},
        {"Authorization": f"Bearer {TOKENS['uk']}x"},
        {"Authorization": f"Bearer {TOKENS['uk'][:-1]}"},
        {"Authorization": f"Bearer {TOKENS['uk']},{OLD_TOKEN}"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"webhook-signature": "v1,"},
    ],
    ids=str,
)
def test_who_is_not_known_is_told_nothing(web: Web, redis: Redis, headers: Mapping[str, str]) -> None:
    answer = web.post("/orders", BODY, token=None, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (
        answer.json()["detail"]
        == "Send Authorization: Bearer with the shop's token, or sign as Standard Webhooks has it."
    )
    assert not journaled(redis)


def test_who_signs_wrongly_is_told_nothing(web: Web, redis: Redis) -> None:
    another_body, another_secret = signed(BODY + b" ", SECRETS["uk"]), signed(BODY, "whsec_" + "A" * 32)
    wrong_token = {"Authorization": "Bearer nobody"} | signed(BODY, SECRETS["uk"])  # the token counts, and it alone
    for headers in (another_body, another_secret, wrong_token):
        test_who_is_not_known_is_told_nothing(web, redis, headers)


def test_nobody_is_known_by_two_tokens(web: Web) -> None:
    lines = (f"Authorization: Bearer {token}" for token in TOKENS.values())
    request = "\r\n".join(["GET /redemptions/x HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""])
    assert web.raw(request.encode()).startswith(b"HTTP/1.1 401 ")


def test_who_bears_no_token_is_refused_before_the_body_is_read(web: Web) -> None:
    head = b"POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"
    assert web.raw(head).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("token", [TOKENS["uk"], OLD_TOKEN])
def test_while_a_token_is_changed_both_are_good(web: Web, token: str) -> None:
    assert web.post("/orders", BODY, token=token).status_code == 202
    assert web.post("/orders", BODY, token=None, headers={"Authorization": f"bearer  {token} "}).status_code == 202


@pytest.mark.parametrize("secret", [SECRETS["uk"], OLD_SECRET])
def test_a_signature_says_the_shop_and_while_a_secret_is_changed_both_are_good(
    web: Web, redis: Redis, secret: str
) -> None:
    assert web.post("/orders", BODY, token=None, headers=signed(BODY, secret)).status_code == 202
    assert journaled(redis) == {"sovendus:uk:145789:SKD1"}


def test_a_signature_is_of_one_shop(web: Web, redis: Redis) -> None:
    body = json.dumps(event(shop="de")).encode()
    assert web.post("/orders", body, token=None, headers=signed(body, SECRETS["uk"])).status_code == 403
    assert not journaled(redis)


def test_where_shops_share_a_secret_each_event_says_whose_it_is(web: Web, redis: Redis) -> None:
    body = json.dumps([event("1", shop="at"), event("2", shop="ch")]).encode()
    assert web.post("/orders", body, token=None, headers=signed(body, SHARED_SECRET)).status_code == 202
    assert journaled(redis) == {"sovendus:at:1:SKD1", "sovendus:ch:2:SKD1"}
    refused = web.post("/orders", BODY, token=None, headers=signed(BODY, SHARED_SECRET))
    assert (refused.status_code, [one["path"] for one in refused.json()["errors"]]) == (422, ["$.shop"])
    body = json.dumps(event(shop="uk")).encode()
    assert web.post("/orders", body, token=None, headers=signed(body, SHARED_SECRET)).status_code == 403


@pytest.mark.parametrize("minutes", [-6, 6])
def test_that_a_signature_is_not_of_now_is_told(web: Web, redis: Redis, minutes: int) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    answer = web.post("/orders", BODY, token=None, headers=signed(BODY, SECRETS["uk"], at=then))
    assert (answer.status_code, "five minutes" in answer.json()["detail"]) == (401, True)
    assert not journaled(redis)
