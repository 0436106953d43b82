"""`redeem relay` as a command: what it prints and refuses; no password and nothing of an order is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Run, event
from tests.relay.erp import ON_SQLITE
from worker.dev.ports import free_port

if TYPE_CHECKING:
    from tests.databases import Database
    from tests.relay.erp import Outbox

PASSWORD = "Pa55-w0rd/of%the@erp"
QUOTED = "Pa55-w0rd%2Fof%25the%40erp"


@ON_SQLITE
def test_once_relays_what_waits_and_says_so(outbox: Outbox, redeem: Run, configured: Callable[..., None]) -> None:
    configured(RELAY__DSN=outbox.url)
    outbox.add(event("1"), "nope", event("2", shop="fr"))
    ran = redeem("relay", "--once", "--json")
    assert (ran.status, ran.row) == (
        0,
        {"relayed": 2, "refused": 1, "written_back": 0, "open": {"queued": 1, "dead": 1}},
    )
    again = redeem("relay", "--once", "--dsn", outbox.url)
    assert (again.status, again.out.split()[:2]) == (0, ["relayed", "0"])


@pytest.mark.parametrize(("database", "missing"), [("postgresql", "column"), ("mysql", "table")], indirect=["database"])
def test_what_the_database_lacks_is_named(
    database: Database, redeem: Run, configured: Callable[..., None], missing: str
) -> None:
    configured(RELAY__DSN=database.url)
    if missing == "column":
        database.run("CREATE TABLE redemption_outbox (id INTEGER PRIMARY KEY, event TEXT, sent_at TIMESTAMP NULL);")
    ran = redeem("relay", "--once")
    what = {
        "table": "has no table redemption_outbox",
        "column": "has no column created_at, state, reported_at, receipt, error, redemptions in redemption_outbox",
    }
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert f"{what[missing]}: `redeem relay --ddl {database.dialect}` prints what makes it" in ran.err


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
def test_a_database_that_is_away_is_one_line_without_its_password(
    redeem: Run, configured: Callable[..., None], dialect: str
) -> None:
    configured(RELAY__DSN=f"{dialect}://erp:{QUOTED}@127.0.0.1:{free_port()}/shop")
    ran = redeem("relay", "--once")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "://erp:***@127.0.0.1:" in ran.err
    assert "cannot do that now: " in ran.err
    assert PASSWORD not in ran.err
    assert QUOTED not in ran.err


@ON_SQLITE
def test_with_the_broker_away_nothing_is_marked_and_it_says_no(
    outbox: Outbox, redeem: Run, configured: Callable[..., None]
) -> None:
    configured(RELAY__DSN=outbox.url, BROKER_URL=f"redis://127.0.0.1:{free_port()}/0")
    outbox.add(event("1"))
    ran = redeem("relay", "--once")
    assert (ran.status, ran.out) == (1, "")
    assert "the broker (redis://127.0.0.1:" in ran.err
    assert outbox.row()["sent_at"] is None


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        (f"oracle://erp:{QUOTED}@db/shop", 'there is no relay for "oracle"'),
        (f"postgresql+asyncpg://erp:{QUOTED}@db/shop", 'by its own driver: leave "+asyncpg" out'),
        (f"postgresql://erp:{QUOTED}@db:port/shop", "that is no database's URL"),
        (f"mysql://erp:{QUOTED}@db", "the URL names no database"),
        ("sqlite://", "the URL names no database"),
        (f"erp:{QUOTED}@db/shop", "must be SQLAlchemy's URL of a database"),
    ],
)
def test_a_wrong_url_is_wrong_use_and_shows_no_password(
    redeem: Run, configured: Callable[..., None], dsn: str, why: str
) -> None:
    configured()
    ran = redeem("relay", "--once", "--dsn", dsn)
    assert (ran.status, ran.out) == (2, "")
    assert why in " ".join(ran.err.split())
    assert "Pa55" not in ran.err


def test_without_a_database_it_asks_for_one(redeem: Run, configured: Callable[..., None], tmp_path: Path) -> None:
    configured()
    ran = redeem("relay")
    assert (ran.status, ran.out) == (2, "")
    assert "which database? Set REDEEM_RELAY__DSN" in ran.err
    mistyped = tmp_path / "mistyped.db"
    assert redeem("relay", "--once", "--dsn", f"sqlite:///{mistyped}").status == 1
    assert not mistyped.exists()


def test_the_tables_sql_needs_no_settings(redeem: Run) -> None:
    ran = redeem("relay", "--ddl", "mysql")
    assert (ran.status, ran.err) == (0, "")
    assert "`" not in ran.out.split("CREATE", 1)[1]
    assert "JSON" not in ran.out.split("CREATE", 1)[1]


def test_without_the_extra_it_says_how_to_install_it(redeem: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)  # which makes its import fail as if it were not there
    ran = redeem("relay", "--once")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith('Error: sqlalchemy is not installed; it comes with the extra "sql": uv sync')
    assert ran.err.count("\n") == 1
