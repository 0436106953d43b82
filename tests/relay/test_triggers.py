"""The shipped triggers on real servers: a completed order with a code is told once, and no order fails by them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tasks.invalid_event import InvalidEvent
from tasks.orders import hash_email, parse_order
from tests.database_fixtures import DIALECTS, server_of
from tests.databases import connected
from tests.relay.shop_sql import ROOT, ShopSQL
from tests.tools import tool
from worker.relay.ddl import ddl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
_PAID = {"shop": "uk", "net_value": "219.90", "currency": "GBP"}


@pytest.fixture(scope="module", params=DIALECTS)
def shop(request: pytest.FixtureRequest) -> Iterator[ShopSQL]:
    """One for all tests here: setting it up is the dear part."""
    made = ShopSQL.installed(server_of(request).database())
    yield made
    made.engine.dispose()


on_servers = pytest.mark.parametrize("shop", ["postgresql", "mysql"], indirect=True)


@pytest.fixture
def connection(shop: ShopSQL) -> Iterator[sa.Connection]:
    with connected(shop.database.url) as made:
        yield made


def codes(events: list[dict[str, Any]]) -> list[list[str]]:
    return [[coupon["code"] for coupon in event["coupons"]] for event in events]


def test_a_completed_order_is_told_with_all_that_the_partners_want(shop: ShopSQL) -> None:
    uniqodo = {"code": "AB12E3GH", "issuer": "uniqodo", "validation_key": "f458a1", "discount": "50.95"}
    number = shop.sold({"code": "SKDXXR4324"}, uniqodo, **_PAID, completed_at="2026-11-21 20:15:00")
    (event,) = shop.told(number)
    order = parse_order(event, now=NOW)
    assert (order.order_id, order.shop, order.currency) == (str(number), "uk", "GBP")
    assert order.order_value == Decimal("219.90")
    assert event["order_value"] == "219.90"
    assert order.completed_at == datetime(2026, 11, 21, 20, 15, tzinfo=UTC)
    assert [coupon.model_dump() for coupon in order.coupons] == [
        {"code": "SKDXXR4324", "provenance": None, "validation_key": None, "discount": None},
        {"code": "AB12E3GH", "provenance": "uniqodo", "validation_key": "f458a1", "discount": Decimal("50.95")},
    ]


def test_an_order_is_told_when_it_becomes_completed_and_not_at_every_change(
    shop: ShopSQL, connection: sa.Connection
) -> None:
    number = shop.write(connection, {"code": "C"}, **_PAID)
    connection.commit()
    assert shop.told(number) == []
    shop.complete(connection, number)
    shop.complete(connection, number)
    connection.execute(sa.text(f"UPDATE orders SET currency = 'EUR' WHERE id = {number}"))
    connection.commit()
    assert codes(shop.told(number)) == [["C"]]


def test_codes_written_after_an_order_that_was_inserted_as_completed_are_told(
    shop: ShopSQL, connection: sa.Connection
) -> None:
    number = shop.write(connection, {"code": "C1"}, {"code": "C2"}, **_PAID, status="completed")
    connection.commit()
    told = codes(shop.told(number))
    assert told == ([["C1", "C2"]] if shop.database.dialect == "postgresql" else [["C1"], ["C1", "C2"]])


def test_a_code_added_in_a_later_transaction_is_told(shop: ShopSQL, connection: sa.Connection) -> None:
    number = shop.sold({"code": "C1"}, **_PAID)
    shop.add_coupon(connection, number, code="LATE")
    connection.commit()
    assert codes(shop.told(number)) == [["C1"], ["C1", "LATE"]]


def test_what_is_rolled_back_is_told_to_nobody(shop: ShopSQL, connection: sa.Connection) -> None:
    number = shop.write(connection, {"code": "C"}, **_PAID)
    shop.complete(connection, number)
    connection.rollback()
    assert shop.told(number) == []


def test_an_order_without_a_code_is_told_to_nobody(shop: ShopSQL) -> None:
    assert shop.told(shop.sold(**_PAID)) == []


def test_what_an_order_lacks_is_left_out(shop: ShopSQL) -> None:
    (event,) = shop.told(shop.sold({"code": "C"}))
    order = parse_order(event, now=NOW)
    assert (order.order_value, order.currency, order.email_hash) == (None, None, None)
    assert order.completed_at == NOW


def test_codes_arrive_as_they_were_written(shop: ShopSQL) -> None:
    written = ['"', "\\", "a\nb\tc", "Grüße", "😀", "'; DROP TABLE orders; --", '{"a": [1]}', "a/b"]
    (event,) = shop.told(shop.sold(*({"code": code, "validation_key": code} for code in written), **_PAID))
    assert [coupon["code"] for coupon in event["coupons"]] == written
    assert [coupon["validation_key"] for coupon in event["coupons"]] == written


def test_nonsense_breaks_no_order_and_is_refused_by_name(shop: ShopSQL) -> None:
    lacking: list[tuple[dict[str, str], str]] = [
        ({**_PAID, "currency": "ÄÖÜ"}, "$.currency"),
        ({**_PAID, "net_value": "-1.00"}, "$.order_value"),
        ({"net_value": "1.00"}, "$.currency"),
        ({"shop": ""}, "$.shop"),
    ]
    for order, path in lacking:
        (event,) = shop.told(shop.sold({"code": "C"}, **order))
        with pytest.raises(InvalidEvent) as refused:
            parse_order(event, now=NOW)
        assert [error.path for error in refused.value.errors] == [path]


ADDRESSES = (
    "test.001@sovendus.de",
    "MyEmailAddress@example.com ",
    " \t jane+tag@Example.COM\r\n",
    "JÖRG.Ümlaut@Bücher.example",
    "ŁUKASZ@ÅNGSTRÖM.example",
    "straße@example.com",
    "李@例子.example",
)


@on_servers
def test_the_address_is_hashed_as_sovendus_wants_it_and_does_not_leave_the_database(shop: ShopSQL) -> None:
    for address in ADDRESSES:
        (event,) = shop.told(shop.sold({"code": "C"}, **_PAID, email=address))
        assert event["email_hash"] == hash_email(address)
        assert address.strip() not in str(event)


@on_servers
def test_no_address_has_no_hash(shop: ShopSQL) -> None:
    for nothing in (None, "", "   "):
        (event,) = shop.told(shop.sold({"code": "C"}, **_PAID, email=nothing))
        assert event["email_hash"] is None


@on_servers
def test_times_are_told_in_utc_whatever_the_sessions_zone(shop: ShopSQL, connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET time_zone = '+05:30'" if shop.database.dialect == "mysql" else "SET TIME ZONE 5.5")
    number = shop.write(connection, {"code": "C"}, **_PAID, completed_at="2026-10-25 02:30:00")
    shop.complete(connection, number)
    connection.commit()
    (event,) = shop.told(number)
    assert event["completed_at"] == "2026-10-24T21:00:00Z"


@on_servers
def test_no_order_waits_for_a_relay_nor_for_another_order(shop: ShopSQL, connection: sa.Connection) -> None:
    sold = shop.sold({"code": "C"}, **_PAID)
    connection.exec_driver_sql(
        "SET innodb_lock_wait_timeout = 1" if shop.database.dialect == "mysql" else "SET lock_timeout = '1s'"
    )
    url = shop.database.url
    with connected(url, isolation_level="READ COMMITTED") as relay, connected(url) as other:
        relay.execute(sa.text("SELECT * FROM redemption_outbox FOR UPDATE")).all()
        shop.complete(other, shop.write(other, {"code": "C"}, **_PAID))
        number = shop.write(connection, {"code": "C"}, {"code": "D"}, **_PAID)
        shop.complete(connection, number)
        shop.add_coupon(connection, number, code="E")
        shop.add_coupon(connection, sold, code="E")
        connection.commit()
    assert codes(shop.told(number))[-1] == ["C", "D", "E"]


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
def test_a_session_that_looks_in_other_schemas_breaks_no_order(shop: ShopSQL, connection: sa.Connection) -> None:
    number = shop.sold({"code": "C"}, **_PAID)
    connection.exec_driver_sql("SET search_path = ''")
    connection.execute(sa.text(f"INSERT INTO public.order_coupons (order_id, code) VALUES ({number}, 'D')"))
    connection.execute(sa.text("INSERT INTO public.orders (id, status) VALUES (1000001, 'completed')"))
    connection.commit()
    assert codes(shop.told(number)) == [["C"], ["C", "D"]]


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_bytes_in_a_column_break_no_order(shop: ShopSQL) -> None:
    for column in ("shop", "currency", "email_hash"):
        assert len(shop.told(shop.sold({"code": "C"}, **{**_PAID, column: b"ab"}))) == 1
    for column in ("code", "issuer", "validation_key"):
        assert len(shop.told(shop.sold({"code": "C", column: b"ab"}, **_PAID))) == 1


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_view_that_does_not_fit_leaves_no_trigger_behind(
    request: pytest.FixtureRequest, dialect: str, tmp_path: Path
) -> None:
    script = (ROOT / "deploy" / "outbox" / f"{dialect}.sql").read_text("utf-8").replace("o.shop", "o.no_such_column")
    if dialect == "sqlite":
        file = tmp_path / "erp.db"
        client: tuple[str, ...] = (tool("sqlite3", package="sqlite3"), "-bail", str(file))
        url = f"sqlite:///{file}"
    else:
        database = request.getfixturevalue("postgresql").database()
        client, url = tuple(word for word in database.client if "ON_ERROR_STOP" not in word), database.url
    for sql in (ddl(dialect), script):
        subprocess.run(client, input=sql, capture_output=True, text=True, check=False, timeout=60)
    with connected(url) as made:
        assert sa.inspect(made).get_table_names() == ["redemption_outbox"]
