"""The Odoo module against a stand-in for Odoo's ORM: confirmed in a transaction, handed in by the scheduled action."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from tasks.orders import hash_email
from tests.moments import ago
from tests.producers.front import Front
from tests.producers.house import TOKEN, House, Told
from tests.producers.page import paste, snippet
from tests.producers.programs import python, run
from worker.dev.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

STAND_IN: Final = Path(__file__).parent / "stand_ins"
PROGRAM: Final = """
import json, sys
sys.path.insert(0, sys.argv[1])
from odoo_stand_in import database, records
from redeem_report.models import SaleOrder

runs, *orders = map(json.loads, sys.argv[2:])
env = database(SaleOrder, [records(order) for order in orders])
placed = env["sale.order"].search([])
confirmed = placed.action_confirm()
for _ in range(runs if env.triggered else 0):
    env["sale.order"]._redeem_send()
    env.cr.rollback()  # only what was committed counts
print(json.dumps({one.name: [one.redeem_state, one.posted] for one in placed}))
"""


def line(subtotal: float, **more: object) -> dict[str, object]:
    return {"price_subtotal": subtotal, "is_delivery": False, "reward_id": None, **more}


def reward(program: str, kind: str = "discount") -> dict[str, object]:
    return {"reward_type": kind, "program_id": {"name": program, "is_payment_program": program == "gift card"}}


def card(code: str, program: str = "coupon") -> dict[str, object]:
    return {"code": code, "program_id": {"name": program, "is_payment_program": program == "gift card"}}


def order(name: str, *cards: dict[str, object], **more: object) -> dict[str, object]:
    lines = [
        line(100.0),
        line(20.1),
        line(-12.01, reward_id=reward("coupon")),
        line(8.26, is_delivery=True),
        line(-8.26, reward_id=reward("coupon", "shipping")),
        line(-50.0, reward_id=reward("gift card")),
    ]
    partner = {"email": "Jane@example.com"}
    return {
        "name": name,
        "date_order": ago(minutes=5).replace(tzinfo=None).isoformat(),
        "order_line": lines,
        "applied_coupon_ids": list(cards),
        "code_enabled_rule_ids": [],
        "currency_id": {"name": "EUR"},
        "partner_id": partner,
        "uniqodo_validation_key": False,
        **more,
    }


def sell(folder: Path, url: str, *orders: object, runs: int = 1) -> tuple[Mapping[str, list[object]], str]:
    """Each order's state and what was posted to it, after so many runs of the scheduled action; and standard error."""
    paste(folder, "redeem_report/models.py")
    (folder / "redeem_report" / "__init__.py").touch()
    arguments = [str(STAND_IN), str(runs), *map(json.dumps, orders)]
    ended = run(python(folder, PROGRAM, *arguments), folder, {"REDEEM_URL": url, "REDEEM_TOKEN": TOKEN})
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), ended.stderr


def test_goods_are_told_net_without_delivery_and_gift_cards(house: House, order_id: str, tmp_path: Path) -> None:
    used = order(order_id, card("SKD1"), card("1234-gift", "gift card"))
    states, _ = sell(tmp_path, house.door.url, used, order(f"{order_id}-no-code"))
    assert states == {order_id: ["taken", []], f"{order_id}-no-code": [False, []]}
    assert house.reported(order_id) == {("sovendus", "SKD1"): Told("108.09", "EUR", hash_email("jane@example.com"))}


def test_a_promotions_code_comes_with_discount_and_key(house: House, order_id: str, tmp_path: Path) -> None:
    code = f"UQ-{order_id}"
    used = order(order_id, code_enabled_rule_ids=[card(code)], uniqodo_validation_key="f458")
    sell(tmp_path, house.door.url, used)
    assert house.reported(order_id) == {("uniqodo", code): Told("108.09", "EUR", key="f458", discount="20.27")}


def test_what_was_not_taken_is_handed_in_by_the_next_run(house: House, order_id: str, tmp_path: Path) -> None:
    with Front(house.door.url) as front:
        front.begin_with(503)
        states, errors = sell(tmp_path, front.url, order(order_id, card("SKD1")), runs=2)
        assert front.answered == [503, 202]
    assert f"Redeem has not taken {order_id}: 503" in errors
    assert states == {order_id: ["taken", []]}
    assert [*house.reported(order_id)] == [("sovendus", "SKD1")]


def test_while_redeem_is_away_the_sale_is_confirmed_and_waits(order_id: str, tmp_path: Path) -> None:
    states, errors = sell(tmp_path, f"http://{LOOPBACK}:{free_port()}", order(order_id, card("SKD1")))
    assert states == {order_id: ["waiting", []]}
    assert f"Redeem has not taken {order_id}" in errors
    assert TOKEN not in errors


def test_what_is_refused_is_told_at_the_order_and_the_others_go_on(house: House, order_id: str, tmp_path: Path) -> None:
    bad = order(f"{order_id}-bad", card("SKD1"), currency_id={"name": "€"})
    states, _ = sell(tmp_path, house.door.url, bad, order(order_id, card("SKD1")))
    assert states[order_id] == ["taken", []]
    state, posted = states[f"{order_id}-bad"]
    assert state == "refused"
    assert "currency" in str(posted)
    assert [*house.reported(order_id)] == [("sovendus", "SKD1")]


def test_the_scheduled_action_is_what_the_module_triggers() -> None:
    tree = ET.fromstring(snippet("redeem_report/send.xml"))
    (record,) = tree.findall("record[@model='ir.cron']")
    code = record.findtext("field[@name='code']")
    module = snippet("redeem_report/models.py")
    assert f'self.env.ref("redeem_report.{record.get("id")}")' in module
    assert code
    assert f"def {code.removeprefix('model.').removesuffix('()')}(self):" in module
