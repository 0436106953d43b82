"""Shopware's side of an app's registration, played as its own source does it: `AppRegistrationService`, 6.6 and 6.7."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from requests import Response

from tests.tasks.shop_systems.deliveries import body
from tests.web.conftest import OLD_SECRET, SECRETS, Served, Web
from worker.web.shopware_registration import APP

DOCS = Path(__file__).parents[2] / "docs" / "webhooks.md"
SHOP_ID, SHOP_URL = "dgrH7nLU6tlE", "https://shop.example/de?x=1&y=ü"
KEYS = {"apiKey": "SWIARXBSDJRWEMJONFK2OHBNWA", "secretKey": "Q1QyaUg3ZHpnZURPeDV3ZkpncXdSRzJpNjdBeWM1WWhWYWd0NE0"}


def sign(content: str | bytes, secret: str) -> str:
    content = content.encode() if isinstance(content, str) else content
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


@dataclass
class Shopware:
    """One installation of Shopware with the app's manifest."""

    web: Web
    app_secret: str = SECRETS["uk"]
    app_name: str = APP
    shop: str = "uk"
    secret: str | None = None
    """What webhooks are signed with, once the app is registered."""

    def ask(self, changed: Mapping[str, str] = MappingProxyType({}), *, age: int = 0) -> Response:
        values = {"shop-id": SHOP_ID, "shop-url": SHOP_URL, "timestamp": str(int(time.time()) - age)}
        query = urlencode(values)
        headers = {"shopware-app-signature": sign(query, self.app_secret), "sw-version": "6.7.3.0"}
        if self.secret is not None:
            headers["shopware-shop-signature"] = sign(query, self.secret)
        path = f"/webhooks/{self.shop}/shopware/register?{query}"
        return self.web.get(path, token=None, headers=headers | dict(changed))

    def confirm(self, url: str, secret: str) -> Response:
        payload = {**KEYS, "timestamp": str(int(time.time())), "shopUrl": SHOP_URL, "shopId": SHOP_ID}
        content = json.dumps(payload).replace("/", "\\/").encode()
        headers = {"shopware-shop-signature": sign(content, secret)}
        if self.secret is not None:
            headers["shopware-shop-signature-previous"] = sign(content, self.secret)
        return self.web.post(urlsplit(url).path, content, token=None, headers=headers)

    def register(self) -> None:
        answer = self.ask().json()
        assert "error" not in answer
        assert answer["proof"] == sign(f"{SHOP_ID}{SHOP_URL}{self.app_name}", self.app_secret)
        assert answer["secret"] != self.secret, "Shopware 6.7: must be different from the current one"
        assert self.confirm(answer["confirmation_url"], answer["secret"]).ok
        self.secret = answer["secret"]

    def place_order(self) -> Response:
        assert self.secret is not None
        content = body("shopware_gross")
        headers = {"shopware-shop-signature": sign(content, self.secret), "sw-version": "6.7.3.0"}
        return self.web.post(f"/webhooks/{self.shop}/shopware", content, token=None, headers=headers)


def test_an_app_is_registered_and_its_webhooks_are_known(web: Served) -> None:
    shopware = Shopware(web)
    shopware.register()
    assert shopware.place_order().json()["accepted"][0]["redemptions"] == ["sovendus:uk:10145:SKDXXR4324"]
    assert all(key not in web.log() for key in KEYS.values())


def test_registered_anew_it_gets_another_secret_each_time_and_the_former_is_still_known(web: Web) -> None:
    shopware = Shopware(web)
    for _ in range(4):
        former = Shopware(web, secret=shopware.secret)
        shopware.register()
        assert shopware.place_order().status_code == 202
        assert former.secret is None or former.place_order().status_code == 202


def test_after_the_webhook_secret_was_changed_the_newest_is_handed_out(web: Web) -> None:
    shopware = Shopware(web, app_secret=OLD_SECRET)  # a manifest that was not changed yet
    shopware.register()
    handed_out = {shopware.secret}
    fresh = Shopware(web)
    fresh.register()
    assert {fresh.secret} == handed_out


def test_the_secret_is_another_for_each_shop_and_none_that_is_configured(web: Web) -> None:
    uk, de = Shopware(web), Shopware(web, app_secret=SECRETS["de"], shop="de")
    uk.register()
    de.register()
    assert len({uk.secret, de.secret, *SECRETS.values()}) == 4
    assert all(len(one.secret or "") >= 64 for one in (uk, de))


@pytest.mark.parametrize("shop", ["uk", "nowhere"])
def test_who_does_not_know_the_secret_gets_none_and_learns_nothing(web: Web, shop: str) -> None:
    shopware = Shopware(web, app_secret="guessed", shop=shop)
    answers = [shopware.ask(), shopware.ask({"shopware-app-signature": ""}), shopware.ask(age=4000)]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert {answer.text for answer in answers} == {Shopware(web, app_secret="guessed", shop="other").ask().text}
    assert "manifest.xml" in answers[0].json()["error"]  # Shopware shows this to whoever installs the app


@pytest.mark.parametrize("age", [301, -301, 10**9])
def test_a_registration_that_was_recorded_does_not_bring_the_secret_later(web: Web, age: int) -> None:
    answer = Shopware(web).ask(age=age)
    assert answer.status_code == 401
    assert "five minutes" in answer.json()["error"]


def test_an_app_that_has_a_stranger_s_secret_is_not_registered_anew(web: Web) -> None:
    answer = Shopware(web, secret="a" * 64).ask()
    assert answer.status_code == 401
    assert "uninstall" in answer.json()["error"]


def test_a_confirmation_must_be_signed_with_the_secret_handed_out(web: Web) -> None:
    shopware = Shopware(web)
    answer = shopware.ask().json()
    assert shopware.confirm(answer["confirmation_url"], answer["secret"]).status_code == 204
    assert shopware.confirm(answer["confirmation_url"], SECRETS["uk"]).status_code == 401
    shopware.secret = "a" * 64  # what the shop claims to have had before
    assert shopware.confirm(answer["confirmation_url"], answer["secret"]).status_code == 401


@pytest.mark.parametrize(("forwarded", "scheme"), [("https", "https"), ("", "http"), ("javascript", "http")])
def test_behind_a_proxy_the_confirmation_goes_to_the_address_that_the_shop_knows(
    web: Web, forwarded: str, scheme: str
) -> None:
    answer = Shopware(web).ask({"x-forwarded-proto": forwarded, "host": "redeem.example"}).json()
    assert answer["confirmation_url"] == f"{scheme}://redeem.example/webhooks/uk/shopware/confirm"


def test_the_documented_manifest_leads_here() -> None:
    (manifest,) = re.findall(r"```xml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    root = ET.fromstring(manifest.strip().encode())
    assert root.findtext("meta/name") == APP
    assert (root.findtext("setup/registrationUrl") or "").endswith("/webhooks/uk/shopware/register")
    hooks = root.findall("webhooks/webhook")
    assert [hook.get("event") for hook in hooks] == ["checkout.order.placed"]
    assert [(hook.get("url") or "").partition("/webhooks")[2] for hook in hooks] == ["/uk/shopware"]
    assert [one.text for one in root.findall("permissions/read")] == ["order"]
