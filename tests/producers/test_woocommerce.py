"""WooCommerce without its webhook: a paid order's file, cron's script, door, partners."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tasks.orders import hash_email
from tests.producers.house import TOKEN, House, Told
from tests.producers.page import paste
from tests.producers.programs import php, run, shell
from tests.producers.test_shop_keys import STAND_INS

if TYPE_CHECKING:
    from pathlib import Path

PAID: Final = """
require $argv[1];
require 'wp-content/mu-plugins/redeem-orders.php';
foreach (array_slice($argv, 2) as $one) {
    $order = new WC_Order(json_decode($one, true));
    do_action('woocommerce_order_status_processing', 12, $order, ['from' => 'pending', 'to' => 'processing']);
    do_action('woocommerce_order_status_completed', 12, $order, ['from' => 'processing', 'to' => 'completed']);
}
echo count(glob(getenv('REDEEM_SPOOL') . '/*'));
"""


def order(number: str, *coupons: tuple[str, str], keys: str = "") -> dict[str, object]:
    money = {"total": "142.86", "total_tax": 22.81, "shipping_total": "5.04", "currency": "EUR"}
    meta = {"uniqodo_validation_key": keys}
    return {"order_number": number, **money, "billing_email": "Jane@example.com", "coupons": coupons, "meta": meta}


def test_a_paid_order_is_told_once_with_its_keys_and_one_without_a_code_is_not(
    house: House, order_id: str, tmp_path: Path
) -> None:
    code, spool = f"uq.{order_id}", tmp_path / "spool"
    spool.mkdir()
    paste(tmp_path, "wp-content/mu-plugins/redeem-orders.php", "redeem.php", "send-orders.sh")
    (tmp_path / "redeem.php").rename(tmp_path / "wp-content" / "mu-plugins" / "redeem.php")
    placed = order(order_id, ("skd1", "3.00"), (code, "7.5"), keys=f"OLD=old, {code.upper()}=f458==")
    arguments = [json.dumps(one) for one in (placed, order(f"{order_id}-no-code"))]
    variables = {"REDEEM_SPOOL": str(spool), "REDEEM_URL": house.door.url, "REDEEM_TOKEN": TOKEN}
    paid = run(php(tmp_path, PAID, str(STAND_INS / "woocommerce.php"), *arguments), tmp_path, variables)
    assert (paid.stdout, paid.stderr) == ("2", "")

    sent = run(shell(tmp_path, "send-orders.sh"), tmp_path, variables)
    assert sent.returncode == 0, sent.stderr
    assert house.reported(order_id, 2) == {
        ("sovendus", "skd1"): Told("115.01", "EUR", hash_email("jane@example.com")),
        ("uniqodo", code): Told("115.01", "EUR", key="f458==", discount="7.50"),
    }
    assert house.was_told_nothing(f"{order_id}-no-code")
