"""What docs/outbox.md shows is run as it stands: rights, mending, the queries, cleaning up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from config.settings import load_settings
from tasks.partners import SPECS
from tests.cli.conftest import Run, Worker
from tests.databases import Database, connected
from tests.moments import ago
from tests.relay.shop_sql import ROOT, ShopSQL
from worker.relay.ddl import ddl
from worker.relay.relay import Relay
from worker.relay.table import RowState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.relay.erp import Outbox

PAGE = (ROOT / "docs" / "outbox.md").read_text("utf-8")
SQL = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE, flags=re.DOTALL))
RIGHTS = {"postgresql": "PostgreSQL", "mysql": "MariaDB, MySQL"}
PAID = {"shop": "uk", "net_value": "219.90", "currency": "GBP", "completed_at": f"{ago(days=9):%Y-%m-%d %H:%M:%S}"}
BEYOND = (
    "SELECT * FROM orders",
    "SELECT * FROM redemption_event",
    "INSERT INTO redemption_outbox (event) VALUES ('')",
    "DELETE FROM redemption_outbox",
    "UPDATE redemption_outbox SET event = ''",
    "CREATE TABLE mine (id INTEGER)",
    "DROP TABLE redemption_outbox",
)
on_servers = pytest.mark.parametrize("database", ["postgresql", "mysql"], indirect=True)


@pytest.fixture
def shop(database: Database) -> Iterator[ShopSQL]:
    made = ShopSQL.installed(database)
    yield made
    made.engine.dispose()


def ask(shop: ShopSQL, query: str) -> list[tuple[Any, ...]]:
    with shop.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query.rstrip(";\n")))]


def may(connection: sa.Connection, statement: str) -> bool:
    """Whether a user may do that; it is undone."""
    try:
        connection.execute(sa.text(statement))
    except (sa.exc.ProgrammingError, sa.exc.OperationalError):
        return False
    finally:
        connection.rollback()
    return True


def test_every_state_and_every_column_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+)\|", PAGE, flags=re.MULTILINE))))
    assert explained >= {state.value for state in RowState}
    assert explained >= {"sent_at", "state", "redemptions", "reported_at", "receipt", "error"}


@on_servers
def test_the_relays_user_can_do_its_work_and_nothing_else(shop: ShopSQL, redeem: Run, worker: Worker) -> None:
    database = shop.database
    database.run(SQL[RIGHTS[database.dialect]])
    url = sa.make_url(database.url).set(username="redeem_relay", password="choose-one")
    dsn = url.render_as_string(hide_password=False)
    number = shop.sold({"code": "SKD1"}, **PAID)
    assert redeem("relay", "--once", "--dsn", dsn).status == 0
    worker.work(f"sovendus:uk:{number}:SKD1")
    assert redeem("relay", "--once", "--dsn", dsn).status == 0
    assert ask(shop, "SELECT state, order_id FROM redemption_outbox") == [("redeemed", number)]
    with connected(dsn) as relay, shop.engine.connect() as owner:
        assert may(relay, "SELECT event FROM redemption_outbox")
        for beyond in BEYOND:
            assert not may(relay, beyond), beyond
            assert may(owner, beyond), beyond
    if database.dialect == "postgresql":  # or the role could not be dropped by the next one to run this
        database.run("DROP OWNED BY redeem_relay; DROP ROLE redeem_relay;")
    else:
        database.run("DROP USER redeem_relay;")


@on_servers
def test_the_erps_user_needs_no_right_on_the_outbox_where_triggers_write_it(shop: ShopSQL) -> None:
    user = f"clerk_{sa.make_url(shop.database.url).database}"
    role = "CREATE ROLE {} LOGIN" if shop.database.dialect == "postgresql" else "CREATE USER {}"
    shop.database.run(f"{role.format(user)}; GRANT SELECT, INSERT, UPDATE ON orders TO {user};")
    shop.database.run(f"GRANT SELECT, INSERT ON order_coupons TO {user};")
    with connected(shop.database.url_of(user)) as connection:
        number = shop.write(connection, {"code": "C"}, **PAID)
        shop.complete(connection, number)
        connection.commit()
        assert not may(connection, "SELECT * FROM redemption_outbox")
    assert len(shop.told(number)) == 1


def test_an_event_inserted_by_hand_is_relayed_and_a_refused_one_is_mended(outbox: Outbox, relay: Relay) -> None:
    outbox.add('{"order": 1}')
    assert relay.once().refused == 1
    assert outbox.row()["state"] == "refused"
    with outbox.engine.begin() as connection:
        connection.execute(sa.text(SQL["mend"].replace(":", r"\:").rstrip(";\n")))
        connection.execute(sa.text(SQL["any database"].replace(":", r"\:").rstrip(";\n")))
    assert relay.once().relayed == 2
    mended, by_hand = outbox.rows()
    assert mended["error"] is None
    assert [row["state"] for row in (mended, by_hand)] == ["queued", "queued"]


def test_what_is_open_and_what_was_never_told_is_found_and_told(shop: ShopSQL) -> None:
    done, refused, waits = (shop.sold({"code": "C"}, **PAID) for _ in range(3))
    with shop.engine.begin() as connection:
        for number, state in ((done, "redeemed"), (refused, "refused")):
            update = "UPDATE redemption_outbox SET state = :s, sent_at = created_at, reported_at = "
            update += "created_at" if state == "redeemed" else "NULL"
            connection.execute(sa.text(f"{update} WHERE order_id = :o"), {"s": state, "o": number})
    assert {row[0] for row in ask(shop, SQL["open"])} == {refused, waits}
    assert ask(shop, SQL["untold"]) == []
    with shop.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM redemption_outbox WHERE order_id = :o"), {"o": waits})
    assert {row[:2] for row in ask(shop, SQL["open"])} == {(refused, 2), (waits, None)}
    assert ask(shop, SQL["untold"]) == [(waits,)]
    with shop.engine.begin() as connection:
        connection.execute(sa.text(SQL["tell"].rstrip(";\n")))
    assert ask(shop, SQL["untold"]) == []
    assert len(shop.told(waits)) == 1


def test_cleaning_up_leaves_what_is_not_done(outbox: Outbox) -> None:
    states = [None, *RowState]
    with outbox.engine.begin() as connection:
        for state in states:
            sent_at = "'2025-12-31 00:00:00'" if state else "NULL"
            insert = f"INSERT INTO redemption_outbox (event, state, sent_at) VALUES ('', :s, {sent_at})"
            connection.execute(sa.text(insert), {"s": state})
        connection.execute(sa.text(SQL["clean up"].rstrip(";\n")))
    assert {row["state"] for row in outbox.rows()} == {None, "queued", "retrying", "dead", "refused"}


def test_the_setting_shown_loads() -> None:
    (line,) = re.findall(r"```sh\n(.*?)\n```", PAGE, flags=re.DOTALL)
    environ = dict([line.split("=", 1)]) | {"REDEEM_BROKER_URL": "redis://localhost:6379/0"}
    assert load_settings(SPECS, environ=environ).relay.dsn


def test_every_ddl_shown_is_one_that_there_is() -> None:
    for dialect in re.findall(r"--ddl (\w+)", PAGE):
        assert ddl(dialect)
