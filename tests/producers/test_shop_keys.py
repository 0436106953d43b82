"""Uniqodo's validation key on its way through a shop: from its snippet, by the shop's own webhook, to Uniqodo.

The platforms are stand-ins (`stand_ins/`); the webhooks' bodies are whole payloads of theirs, the door is a real one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.producers.house import SECRET, House
from tests.producers.page import paste
from tests.producers.programs import node, php, run
from tests.tasks.shop_systems.deliveries import plain

STAND_INS: Final = Path(__file__).parent / "stand_ins"
WOOCOMMERCE: Final = """
require $argv[1];
require 'wp-content/mu-plugins/uniqodo-key.php';
$nothing = classic_checkout();
shop_uniqodo_said_yes('OLD', 'old-key');
shop_uniqodo_said_yes($argv[2], 'first-key');
shop_uniqodo_said_yes($argv[2], $argv[3]);
echo json_encode([$nothing->saved, classic_checkout()->saved, block_checkout()->saved]);
"""
SHOPIFY: Final = """
import { readFileSync, writeFileSync } from "node:fs";
const cart = { attributes: { gift_wrap: "yes" } };
globalThis.fetch = async (path, options) => {
  if (path === "/cart/update.js") Object.assign(cart.attributes, JSON.parse(options.body).attributes);
  return { json: async () => structuredClone(cart) };
};
const { uniqodoSaidYes } = await import("./uniqodo-key.mjs");
await uniqodoSaidYes("OLD", "old-key");
await uniqodoSaidYes(process.argv[2], "first-key");
await uniqodoSaidYes(process.argv[2], process.argv[3]);
console.log(JSON.stringify(cart.attributes));
"""
SHOPWARE: Final = """
require $argv[1];
require 'src/Subscriber/KeepUniqodoKey.php';
use Shopware\\Core\\Checkout\\Cart\\Order\\CartConvertedEvent;
use Symfony\\Component\\HttpFoundation\\{Request, RequestStack, Session};
$requests = new RequestStack();
$subscriber = new Shop\\Subscriber\\KeepUniqodoKey($requests);
$method = $subscriber::getSubscribedEvents()[CartConvertedEvent::class];
$converted = function () use ($subscriber, $method) {
    $subscriber->$method($event = new CartConvertedEvent(['orderNumber' => '1', 'customFields' => ['gift' => 'yes']]));
    return $event->getConvertedCart()['customFields'];
};
$byConsole = $converted();
$requests->main = new Request(new Session());
$without = $converted();
$requests->getSession()->set('uniqodo_validation_key', "$argv[2]=$argv[3]");
echo json_encode([$byConsole, $without, $converted()]);
"""
KEY: Final = "f458re9we73wd23=="
"""As base64 may end."""


def post(house: House, system: str, headers: dict[str, str], signature: str, payload: object) -> None:
    body = json.dumps(payload).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256)
    signed = digest.hexdigest() if system == "shopware" else base64.b64encode(digest.digest()).decode()
    url = f"{house.door.url}/webhooks/uk/{system}"
    answer = requests.post(url, data=body, headers={**headers, signature: signed}, timeout=20)
    assert answer.status_code == 202, answer.text
    assert "accepted" in answer.json(), answer.text


def output(ended: Any) -> Any:  # noqa: ANN401 - any JSON value
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def key_told(house: House, order_id: str, code: str) -> str | None:
    told = house.reported(order_id)
    assert set(told) == {("uniqodo", code)}
    return told["uniqodo", code].key


@pytest.mark.parametrize("checkout", ["classic", "block"])
def test_woocommerce(checkout: str, house: House, order_id: str, tmp_path: Path) -> None:
    code = f"UQ-{order_id}"
    paste(tmp_path, "wp-content/mu-plugins/uniqodo-key.php")
    nothing, classic, block = output(
        run(php(tmp_path, WOOCOMMERCE, str(STAND_INS / "woocommerce.php"), code, KEY), tmp_path, {})
    )
    assert nothing == []
    meta = classic if checkout == "classic" else block
    order = plain("woocommerce_vat_included")
    order |= {"number": order_id, "meta_data": [{"id": 1, "key": name, "value": value} for name, value in meta.items()]}
    order["coupon_lines"] = [{**order["coupon_lines"][0], "code": code.lower(), "meta_data": []}]
    post(house, "woocommerce", {"X-WC-Webhook-Topic": "order.updated"}, "X-WC-Webhook-Signature", order)
    assert key_told(house, order_id, code.lower()) == KEY


def test_shopify(house: House, order_id: str, tmp_path: Path) -> None:
    code = f"UQ-{order_id}"
    paste(tmp_path, "assets/uniqodo-key.js")
    (tmp_path / "assets/uniqodo-key.js").rename(tmp_path / "uniqodo-key.mjs")
    attributes = output(run(node(tmp_path, SHOPIFY, code, KEY), tmp_path, {}))
    assert attributes.pop("gift_wrap") == "yes"
    order = plain("shopify_vat_included")
    notes = [{"name": name, "value": value} for name, value in attributes.items()]
    codes = [{**order["discount_codes"][0], "code": code}]
    order |= {"name": f"#{order_id}", "note_attributes": notes, "discount_codes": codes}
    post(house, "shopify", {"X-Shopify-Topic": "orders/paid"}, "X-Shopify-Hmac-Sha256", order)
    assert key_told(house, order_id, code) == KEY


def test_shopware(house: House, order_id: str, tmp_path: Path) -> None:
    code = f"UQ-{order_id}"
    paste(tmp_path, "src/Subscriber/KeepUniqodoKey.php")
    by_console, without, fields = output(
        run(php(tmp_path, SHOPWARE, str(STAND_INS / "shopware.php"), code, KEY), tmp_path, {})
    )
    assert by_console == without == {"gift": "yes"}
    payload = plain("shopware_gross")
    order = payload["data"]["payload"]["order"]
    order |= {"orderNumber": order_id, "customFields": fields}
    for line in order["lineItems"]:
        if line["type"] == "promotion":
            line["payload"]["code"] = code
    post(house, "shopware", {}, "shopware-shop-signature", payload)
    assert key_told(house, order_id, code) == KEY
