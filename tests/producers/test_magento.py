"""The Magento module against a stand-in for Magento's classes: observer, folder, cron's script, door, partners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest

from tasks.orders import hash_email
from tests.producers.house import TOKEN, House, Told
from tests.producers.page import paste, snippet
from tests.producers.programs import php, run, shell

if TYPE_CHECKING:
    import subprocess

STAND_IN: Final = Path(__file__).parent / "stand_ins" / "magento.php"
OBSERVER: Final = "app/code/Shop/Redeem/Observer/HandIn.php"
CHECKOUT: Final = r"""
define('BP', __DIR__);
require $argv[1];
require 'app/code/Shop/Redeem/Observer/HandIn.php';
$logger = new class implements Psr\Log\LoggerInterface {
    public function critical(string $message): void { fwrite(STDERR, "critical: $message\n"); }
};
$data = json_decode($argv[2], true);
foreach (['order', 'quote'] as $one) {
    if (isset($data[$one])) $data[$one] = new Magento\Framework\DataObject($data[$one]);
}
$several = array_map(fn ($one) => new Magento\Framework\DataObject($one), $data['orders'] ?? []);
if ($several) $data['orders'] = $several;
(new Shop\Redeem\Observer\HandIn($logger))->execute(new Magento\Framework\Event\Observer($data));
echo 'thank you for your order';
"""
ORDER: Final[dict[str, str | None]] = {
    "coupon_code": "SKD1",
    "grand_total": "139.0000",
    "tax_amount": "21.2000",
    "shipping_amount": "20.0000",
    "shipping_discount_amount": "4.8000",
    "shipping_discount_tax_compensation_amount": "0.8000",
    "discount_amount": "-14.0000",
    "order_currency_code": "SEK",
    "base_currency_code": "EUR",
    "base_grand_total": "12.3400",
    "customer_email": "Jane@Example.com ",
}
NET: Final = "101.80"  # 139.00 - 21.20 - (20.00 - 4.80 + 0.80)


def place(folder: Path, spool: Path, **event: object) -> subprocess.CompletedProcess[str]:
    """A checkout: what the customer sees, and what the shop's log says."""
    paste(folder, OBSERVER, "redeem.php", "send-orders.sh")
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "redeem.php").rename(folder / "lib" / "redeem.php")
    ended = run(php(folder, CHECKOUT, str(STAND_IN), json.dumps(event)), folder, {"REDEEM_SPOOL": str(spool)})
    assert ended.stdout == "thank you for your order", ended.stderr
    return ended


def cron(folder: Path, spool: Path, house: House) -> None:
    variables = {"REDEEM_SPOOL": str(spool), "REDEEM_URL": house.door.url, "REDEEM_TOKEN": TOKEN}
    ended = run(shell(folder, "send-orders.sh"), folder, variables)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def test_what_the_customer_paid_is_told_net_and_in_his_currency(
    house: House, order_id: str, spool: Path, tmp_path: Path
) -> None:
    ended = place(tmp_path, spool, order=ORDER | {"increment_id": order_id}, quote={"id": "1"})
    assert ended.stderr == ""
    cron(tmp_path, spool, house)
    assert house.reported(order_id) == {
        ("sovendus", "SKD1"): Told(NET, "SEK", hash_email("jane@example.com")),
    }
    assert not [*spool.glob("*.json*")]


def test_the_key_comes_along_and_credit_is_no_discount(
    house: House, order_id: str, spool: Path, tmp_path: Path
) -> None:
    code = f"UQ-{order_id}"
    paid_with_credit = {
        "increment_id": order_id,
        "coupon_code": code,
        "grand_total": "0",
        "customer_balance_amount": "139",
    }
    place(tmp_path, spool, order=ORDER | paid_with_credit, quote={"uniqodo_validation_key": "f458"})
    cron(tmp_path, spool, house)
    assert house.reported(order_id) == {("uniqodo", code): Told(NET, "SEK", key="f458", discount="14.00")}


def test_of_several_orders_at_once_those_with_a_code_are_told(
    house: House, order_id: str, spool: Path, tmp_path: Path
) -> None:
    orders = [
        ORDER | {"increment_id": f"{order_id}-{n}", "coupon_code": code}
        for n, code in enumerate(["SKD1", None, "SKD3"])
    ]
    place(tmp_path, spool, orders=orders)
    cron(tmp_path, spool, house)
    assert [*house.reported(f"{order_id}-0")] == [("sovendus", "SKD1")]
    assert [*house.reported(f"{order_id}-2")] == [("sovendus", "SKD3")]
    assert house.was_told_nothing(f"{order_id}-1")


def test_a_full_disk_is_told_in_the_log_and_the_customer_has_ordered(
    order_id: str, spool: Path, tmp_path: Path
) -> None:
    ended = place(tmp_path, spool / "gone", order=ORDER | {"increment_id": order_id}, quote=None)
    assert f"critical: Redeem: {order_id} was not handed in" in ended.stderr
    assert "Jane" not in ended.stderr


def test_the_event_leads_to_the_observer() -> None:
    tree = ET.fromstring(snippet("app/code/Shop/Redeem/etc/events.xml"))
    ((event, observer),) = [(event.get("name"), observer.get("instance")) for event in tree for observer in event]
    assert event == "checkout_submit_all_after"
    assert observer == "Shop\\Redeem\\Observer\\HandIn"
    assert "app/code/{}.php".format(observer.replace("\\", "/")) == OBSERVER
