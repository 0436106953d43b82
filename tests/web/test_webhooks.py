from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from requests import Response

from tasks.dead_letters.amendment_text import parse_amendment
from tasks.dead_letters.finding import Refused
from tasks.dead_letters.replaying import replay
from tasks.shop_systems import SYSTEMS
from tests.faked_clock import same_clock
from tests.tasks.shop_systems.deliveries import PERSONAL, body, plain
from tests.tools import tool
from tests.web.conftest import OLD_SECRET, SECRETS, SHOPS, TOKENS, Served, Web, serving
from tests.worker.apps import running

DOCS = Path(__file__).parents[2] / "docs" / "webhooks.md"
WHOLE = {"woocommerce": "woocommerce_vat_included", "shopify": "shopify_vat_included", "shopware": "shopware_gross"}
NUMBERS = {"woocommerce": "4750", "shopify": "1622", "shopware": "10145"}
TOPICS = {
    "woocommerce": {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Delivery-ID": "36e520ebabc2fa72"},
    "shopify": {"X-Shopify-Topic": "orders/paid", "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"},
    "shopware": {"sw-version": "6.7.3.0"},
}


def digest(content: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def signature(system: str, content: bytes, secret: str) -> dict[str, str]:
    """As the shop system itself would make it: with the secret as it was typed in there."""
    encoded = base64.b64encode(digest(content, secret)).decode()
    return {
        "woocommerce": {"X-WC-Webhook-Signature": encoded},
        "shopify": {"X-Shopify-Hmac-Sha256": encoded},
        "shopware": {"shopware-shop-signature": digest(content, secret).hex()},
    }[system]


def deliver(
    web: Web, system: str, content: bytes, *, shop: str = "uk", secret: str = SECRETS["uk"], **headers: str
) -> Response:
    sent = TOPICS[system] | signature(system, content, secret) | headers
    return web.post(f"/webhooks/{shop}/{system}", content, token=None, headers=sent)


def everything(redis: Redis) -> str:
    """All that Redis holds, as one text."""
    found = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        reading: Mapping[str, Any] = {
            "string": lambda key=key: redis.get(key), "hash": lambda key=key: redis.hgetall(key),
            "list": lambda key=key: redis.lrange(key, 0, -1), "set": lambda key=key: redis.smembers(key),
            "zset": lambda key=key: redis.zrange(key, 0, -1), "stream": lambda key=key: redis.xrange(key),
        }  # fmt: skip
        found.append(f"{key} {reading[str(kind)]()}")
    return "\n".join(found)


def personal(text: str) -> list[str]:
    """Which personal words stand in it; a number by itself, for a time or a port may hold it by chance."""
    return [word for word in PERSONAL if re.search(rf"(?<!\d){re.escape(word)}(?!\d)", text)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_signed_order_is_journaled_and_what_is_personal_goes_no_further(
    web: Served, redis: Redis, system: str
) -> None:
    answer = deliver(web, system, body(WHOLE[system]))
    assert answer.status_code == 202
    (accepted,) = answer.json()["accepted"]
    assert accepted["order_id"] == NUMBERS[system]
    (redemption,) = accepted["redemptions"]
    assert redemption == f"sovendus:uk:{NUMBERS[system]}:SKDXXR4324"
    record = redis.hgetall(f"redeem:redemption:{redemption}")
    assert record["order_value"] == {"shopify": "75.00"}.get(system, "90.00")
    assert personal(everything(redis)) == []
    assert personal(web.log()) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_delivery_that_comes_twice_is_one_redemption(web: Web, redis: Redis, system: str) -> None:
    first, second = (deliver(web, system, body(WHOLE[system])).json() for _ in range(2))
    assert first == second
    assert len(list(redis.scan_iter("redeem:redemption:*"))) == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_shop_s_token_will_do_for_what_cannot_sign(web: Web, system: str) -> None:
    answer = web.post(f"/webhooks/uk/{system}", body(WHOLE[system]))
    assert answer.status_code == 202
    assert answer.json()["accepted"][0]["order_id"] == NUMBERS[system]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("shop", ["uk", "de", "nowhere"])
def test_a_stranger_learns_nothing_not_even_which_shops_there_are(
    web: Web, redis: Redis, system: str, shop: str
) -> None:
    content = body(WHOLE[system])
    wrong = SECRETS["uk"] if shop == "de" else "guessed"
    answers = [
        deliver(web, system, content, shop=shop, secret=wrong),
        deliver(web, system, b"{}", shop=shop, secret=wrong),
        web.post(f"/webhooks/{shop}/{system}", content, token=None, headers=TOPICS[system]),
        web.post(
            f"/webhooks/{shop}/{system}", content, token=None, headers=signature(system, content + b" ", SECRETS["uk"])
        ),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.text for answer in answers} == {web.post(f"/webhooks/other/{system}", b"", token=None).text}
    assert not list(redis.scan_iter("redeem:redemption:*"))


@pytest.mark.parametrize("shop", ["de", "nowhere"])
def test_a_token_speaks_for_its_own_shop_only(web: Web, shop: str) -> None:
    answer = web.post(f"/webhooks/{shop}/shopify", body("shopify_vat_included"), token=TOKENS["uk"])
    assert answer.status_code == 403
    assert web.post(f"/webhooks/{shop}/shopify", b"{}", token="nobody's").status_code == 401


def test_a_system_that_nobody_knows_is_not_found(web: Web) -> None:
    answer = web.post("/webhooks/uk/magento", b"{}", token=None)
    assert answer.status_code == 404
    assert "woocommerce, shopify, shopware" in answer.json()["detail"]


def test_a_shop_s_name_may_be_written_in_capitals(web: Web) -> None:
    answer = deliver(web, "shopify", body("shopify_vat_included"), shop="UK")
    assert answer.json()["accepted"][0]["redemptions"] == ["sovendus:uk:1622:SKDXXR4324"]


@pytest.mark.parametrize("shop", ["uk", "nowhere"])
def test_woocommerce_s_ping_is_answered_and_does_nothing(web: Web, redis: Redis, shop: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = web.post(f"/webhooks/{shop}/woocommerce", b"webhook_id=17", token=None, headers=form)
    assert answer.status_code == 200  # WooCommerce takes nothing else for a success
    assert answer.json()["accepted"] == []
    assert not list(redis.scan_iter("redeem:*"))


@pytest.mark.parametrize(
    ("system", "name", "headers", "why"),
    [
        ("woocommerce", "woocommerce_on_hold", {}, "not paid yet"),
        ("woocommerce", "woocommerce_no_code", {}, "no voucher code"),
        ("woocommerce", "woocommerce_vat_included", {"X-WC-Webhook-Topic": "product.updated"}, "topics"),
        ("shopify", "shopify_vat_included", {"X-Shopify-Topic": "orders/create"}, "orders/paid"),
        ("shopify", "shopify_cancelled", {}, "cancelled"),
        ("shopware", "shopware_no_code", {}, "no promotion code"),
    ],
)  # fmt: skip
def test_what_is_of_no_interest_is_ignored_with_the_reason(
    web: Web, redis: Redis, system: str, name: str, headers: dict[str, str], why: str
) -> None:
    answer = deliver(web, system, body(name), **headers)
    assert answer.status_code == 200
    assert why in answer.json()["ignored"]
    assert not list(redis.scan_iter("redeem:redemption:*"))


def test_a_test_order_is_one_in_the_ledger_too(web: Web) -> None:
    answer = deliver(web, "woocommerce", body("woocommerce_test_mode"))
    assert answer.json()["accepted"][0]["redemptions"] == ["test:sovendus:uk:4755:SKDXXR4324"]


def test_a_validation_key_makes_a_code_uniqodo_s(web: Web, redis: Redis) -> None:
    answer = deliver(web, "shopware", body("shopware_net_two_rates_two_codes"))
    assert answer.json()["accepted"][0]["redemptions"] == ["uniqodo:uk:10146:AB12E3GH", "sovendus:uk:10146:SKDXXR4324"]
    assert "f458a1c9" in str(redis.hgetall("redeem:redemption:uniqodo:uk:10146:AB12E3GH"))
    assert "f458a1c9" not in str(redis.hgetall("redeem:redemption:sovendus:uk:10146:SKDXXR4324"))


def spoilt(system: str) -> dict[str, Any]:
    """An order that is authentic and cannot be one: in a currency that is none."""
    delivery: dict[str, Any] = plain(WHOLE[system])
    if system == "shopware":
        delivery["data"]["payload"]["order"]["currency"]["isoCode"] = "XXQ"
    else:
        delivery["currency"] = "XXQ"
    return delivery


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_order_that_is_not_valid_is_kept_for_a_person_without_personal_data(
    web: Served, redis: Redis, system: str
) -> None:
    content = json.dumps(spoilt(system), ensure_ascii=False).encode()
    answer = deliver(web, system, content)
    assert answer.status_code == 202  # anything else would bring it again and again, and switch the webhook off
    told = answer.json()
    assert told["accepted"] == []
    assert told["errors"] == [
        {"path": "$.currency", "message": 'must be an ISO 4217 code in upper case, such as "GBP"'}
    ]
    letter = redis.hgetall(f"redeem:redemption:{told['dead_letter']}")
    assert (letter["reason"], letter["order_id"], letter["shop"]) == ("invalid_event", NUMBERS[system], "uk")
    kept = json.loads(str(redis.get(f"redeem:raw:{told['dead_letter']}")))
    assert kept["coupons"][0]["code"].upper() == "SKDXXR4324"
    assert "email_hash" in kept
    assert "customer_id" not in kept  # this shop does not send it
    assert personal(everything(redis)) == []
    assert personal(web.log()) == []
    assert deliver(web, system, content).json() == told  # a delivery that is repeated is the same letter
    assert len(list(redis.scan_iter("redeem:redemption:*"))) == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_cannot_be_mapped_is_kept_as_far_as_it_could_be(web: Web, redis: Redis, system: str) -> None:
    delivery = plain(WHOLE[system])
    order = delivery["data"]["payload"]["order"] if system == "shopware" else delivery
    for name in ("total", "current_subtotal_price", "subtotal_price", "price"):
        order.pop(name, None)
    told = deliver(web, system, json.dumps(delivery, ensure_ascii=False).encode()).json()
    assert all(error["message"].startswith(("required", "must be gross")) for error in told["errors"])
    kept = json.loads(str(redis.get(f"redeem:raw:{told['dead_letter']}")))
    assert kept["order_id"] == NUMBERS[system]
    assert personal(everything(redis)) == []


def test_what_was_kept_goes_out_once_it_is_mended_as_the_page_says(web: Web, redis: Redis, broker_url: str) -> None:
    delivery = plain("shopify_vat_included")
    del delivery["currency"]
    kept = [
        deliver(web, "shopify", json.dumps(delivery).encode()).json()["dead_letter"],
        deliver(web, "woocommerce", json.dumps(spoilt("woocommerce")).encode()).json()["dead_letter"],
    ]
    assert "`redeem dead replay ID --set currency=EUR`" in DOCS.read_text(encoding="utf-8")
    assert "`--set order_value=90.00 --set unmapped=`" in DOCS.read_text(encoding="utf-8")
    with running(broker_url, **SHOPS) as app:
        unmapped, invalid = (app.runtime.ledger.find(letter) for letter in kept)
        assert unmapped is not None
        assert invalid is not None
        with pytest.raises(Refused, match="unmapped: unknown field"):
            replay(app, app.runtime, unmapped, amendment=parse_amendment(["currency=GBP"]))
        replay(app, app.runtime, unmapped, amendment=parse_amendment(["currency=GBP", "unmapped="]))
        replay(app, app.runtime, invalid, amendment=parse_amendment(["currency=EUR"]))
    for number, value in (("1622", "75.00"), ("4750", "90.00")):
        assert redis.hget(f"redeem:redemption:sovendus:uk:{number}:SKDXXR4324", "order_value") == value


@pytest.mark.parametrize(
    "content", [b"[]", b"7", b'"Erika Mustermann"', b"{}", b'{"billing": {"email": "jane.doe@example.com"}}']
)
def test_json_that_is_no_order_is_a_dead_letter_too(web: Web, redis: Redis, content: bytes) -> None:
    told = deliver(web, "woocommerce", content).json()
    assert told["dead_letter"].startswith("event:")
    assert personal(everything(redis)) == []


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"webhook_id=1&x=2", b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[" * 200_000),
        *(b'{"total": 1e99999999999999999999}', b'{"total": 1e-99999999999999999999}', b'{"id": ' + b"9" * 5000 + b"}"),
    ],
)
def test_what_is_no_json_is_refused(web: Web, content: bytes) -> None:
    answer = deliver(web, "shopify", content)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["path"] == "$"


def test_a_body_that_is_too_large_is_refused(web: Web) -> None:
    large = plain("shopify_vat_included") | {"note": "x" * (1024 * 1024)}
    assert deliver(web, "shopify", json.dumps(large).encode()).status_code == 202
    large["note"] *= 2
    assert deliver(web, "shopify", json.dumps(large).encode()).status_code == 413


def test_while_a_secret_is_changed_the_former_is_right_too(web: Web) -> None:
    for secret in (SECRETS["uk"], OLD_SECRET):
        assert deliver(web, "shopify", body("shopify_vat_included"), secret=secret).status_code == 202


def test_a_shop_has_its_pace_and_what_is_of_no_interest_costs_nothing(broker_url: str) -> None:
    with serving(broker_url, WEB__ORDERS_PER_SECOND="0.1") as web:
        boring = [deliver(web, "woocommerce", body("woocommerce_no_code")) for _ in range(5)]
        assert {answer.status_code for answer in boring} == {200}
        assert deliver(web, "shopify", body("shopify_vat_included")).status_code == 202
        late = deliver(web, "shopify", body("shopify_vat_included"))
        assert late.status_code == 429
        assert int(late.headers["Retry-After"]) > 0


def test_while_redis_is_away_the_shop_is_told_to_come_again() -> None:
    nowhere = "redis://127.0.0.1:1/0"
    with serving(nowhere) as web:
        for content in (body("shopify_vat_included"), json.dumps(spoilt("shopify")).encode()):
            answer = deliver(web, "shopify", content)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert deliver(web, "shopify", body("shopify_no_code")).status_code == 200  # needs no Redis


def test_the_documented_way_to_send_one_by_hand_works(web: Web, tmp_path: Path) -> None:
    tool("openssl", package="openssl")
    tool("curl", package="curl")
    (script,) = re.findall(r"```sh\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "order.json").write_bytes(body("shopify_vat_included"))
    given = {"PATH": os.environ["PATH"], **same_clock(), "SECRET": SECRETS["uk"], "REDEEM": web.url}
    said = subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=given, capture_output=True, check=True, timeout=60)
    assert json.loads(said.stdout) == {
        "accepted": [{"order_id": "1622", "redemptions": ["sovendus:uk:1622:SKDXXR4324"]}]
    }
    assert said.stdout.decode().replace('":', '": ').replace(",", ", ") in DOCS.read_text(encoding="utf-8")
