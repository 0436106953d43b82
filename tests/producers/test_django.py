"""Django is real, its database is SQLite, the relay takes from it: what is committed is told, and nothing else.

Of django-oscar there are its signal, and models with the names of its fields.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from typing import TYPE_CHECKING, Final

import pytest

from tasks.orders import hash_email
from tests.producers.house import House, Told
from tests.producers.page import paste, snippet
from tests.producers.programs import python, run
from worker.dev.ports import free_port
from worker.relay.ddl import ddl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.guarded_broker import GuardedBroker

PROJECT: Final = """
import json
import sys
import types
from decimal import Decimal

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["shop"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGGING={
        "version": 1,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["stderr"]},
    },
)
django.setup()

from django.db import connection, models, transaction
from django.dispatch import Signal


class Order(models.Model):
    # As oscar.apps.order.abstract_models.AbstractOrder has it, as far as it goes.

    number = models.CharField(max_length=128)
    currency = models.CharField(max_length=12)
    total_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    shipping_excl_tax = models.DecimalField(decimal_places=2, max_digits=12)
    guest_email = models.EmailField(blank=True)
    date_placed = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shop"

    @property
    def email(self) -> str:
        return self.guest_email

    @property
    def basket_total_excl_tax(self) -> Decimal:
        return self.total_excl_tax - self.shipping_excl_tax


class OrderDiscount(models.Model):
    # As AbstractOrderDiscount: one for each offer that was applied, with its voucher's code where it came by one.

    order = models.ForeignKey(Order, models.CASCADE, related_name="discounts")
    voucher_code = models.CharField(max_length=128, null=True)
    amount = models.DecimalField(decimal_places=2, max_digits=12)

    class Meta:
        app_label = "shop"


def place(number: str, discounts: list[tuple[str | None, str]]) -> None:
    # OrderCreator.place_order: the signal comes within the request's transaction.
    total, shipping = Decimal("54.90"), Decimal("5.00")
    order = Order.objects.create(
        number=number, currency="EUR", total_excl_tax=total, shipping_excl_tax=shipping, guest_email="Jane@example.com"
    )
    order.refresh_from_db()
    for code, amount in discounts:
        OrderDiscount.objects.create(order=order, voucher_code=code, amount=Decimal(amount))
    signals.order_placed.send(sender=None, order=order, user=None)


signals = types.ModuleType("oscar.apps.order.signals")
signals.order_placed = Signal()
for name in ("oscar", "oscar.apps", "oscar.apps.order"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[signals.__name__] = signals


class Rolled(Exception):
    pass


def report_two(report: object, committed: dict, rolled_back: dict) -> None:
    with transaction.atomic():
        report(committed)
    try:
        with transaction.atomic():
            report(rolled_back)
            raise Rolled
    except Rolled:
        pass


if sys.argv[2] == "celery":
    from shop.after_commit import report

    report_two(report, *map(json.loads, sys.argv[3:]))
else:
    import shop.oscar_orders
    from shop.models import report

    with connection.schema_editor() as editor:
        editor.create_model(Order)
        editor.create_model(OrderDiscount)
    plain, rolled_back, *placed = map(json.loads, sys.argv[3:])
    report_two(report, plain, rolled_back)
    report_two(lambda one: place(*one), *placed)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with the outbox, as `redeem relay --ddl` makes it."""
    path = tmp_path / "shop.db"
    written(path, ddl("sqlite"))
    return path


def written(database: Path, script: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(script)
        connection.commit()


def django(folder: Path, database: Path, way: str, *given: object, **variables: str) -> str:
    """Runs `stand_ins/django_shop.py`; what it says on standard error."""
    paste(folder, "shop/models.py", "shop/oscar_orders.py", "shop/after_commit.py", "redeem_celery.py")
    (folder / "shop" / "__init__.py").touch()
    ended = run(python(folder, PROJECT, str(database), way, *map(json.dumps, given)), folder, variables)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def order(order_id: str) -> dict[str, object]:
    return {
        "order_id": order_id,
        "shop": "uk",
        "order_value": "49.90",
        "currency": "EUR",
        "coupons": [{"code": "SKD1é"}],
    }


def test_by_the_outbox_what_is_committed_is_told(house: House, database: Path, order_id: str, tmp_path: Path) -> None:
    code = f"SKD-{order_id}"
    discounts = [(code, "3.00"), (None, "1.00"), (code, "2.50"), ("SKD2", "1.00")]
    written(database, snippet("order_completed.sql"))
    plain, oscar, gone = order_id, f"{order_id}-oscar", f"{order_id}-rolled-back"
    django(tmp_path, database, "outbox", order(plain), order(gone), (oscar, discounts), (gone, discounts))
    rows = house.system.redeem_json("relay", "--dsn", f"sqlite:///{database}", "--once")

    assert house.reported("145789") == {("sovendus", "SKDXXR4324"): Told("219.99", "GBP")}
    assert house.reported(plain) == {("sovendus", "SKD1é"): Told("49.90", "EUR")}
    jane = hash_email("jane@example.com")
    assert house.reported(oscar, 2) == {
        ("sovendus", code): Told("49.90", "EUR", jane),
        ("sovendus", "SKD2"): Told("49.90", "EUR", jane),
    }
    assert house.was_told_nothing(gone)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        events = [json.loads(event) for (event,) in connection.execute("SELECT event FROM redemption_outbox")]
    assert [event["order_id"] for event in events] == ["145789", plain, oscar]
    assert [coupon.get("discount") for coupon in events[-1]["coupons"]] == ["5.50", "1.00"]
    assert rows


def test_by_celery_what_is_committed_is_told(
    house: House, guarded: GuardedBroker, database: Path, order_id: str, tmp_path: Path
) -> None:
    gone = f"{order_id}-rolled-back"
    django(tmp_path, database, "celery", order(order_id), order(gone), REDEEM_BROKER_URL=guarded.url("shop"))
    assert house.reported(order_id) == {("sovendus", "SKD1é"): Told("49.90", "EUR")}
    assert house.was_told_nothing(gone)


def test_by_celery_a_page_does_not_fail_with_redis_and_django_logs_it(
    guarded: GuardedBroker, database: Path, order_id: str, tmp_path: Path
) -> None:
    away = re.sub(r":\d+/", f":{free_port()}/", guarded.url("shop"))
    said = django(tmp_path, database, "celery", order(order_id), order(order_id), REDEEM_BROKER_URL=away)
    assert "Error calling report.<locals>.<lambda> in on_commit()" in said
    assert guarded.password("shop") not in said
