"""What a database's URL becomes: our driver, its options, and a form that can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.relay.address import connect_options, database_url, told
from worker.relay.database import require_skip_locked
from worker.relay.errors import WrongDatabase


@pytest.mark.parametrize(
    ("given_url", "driver"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg"),
        ("mysql://u@h/d", "mysql+pymysql"),
        ("mariadb://u@h/d", "mysql+pymysql"),
        ("mariadb+pymysql://u@h/d", "mysql+pymysql"),
        ("sqlite:///d.db", "sqlite+pysqlite"),
    ],
)
def test_a_plain_url_gets_our_driver(given_url: str, driver: str) -> None:
    assert database_url(given_url).drivername == driver


def test_what_the_url_says_itself_stays() -> None:
    plain = connect_options(database_url("postgresql://u@h/d"))
    asked = connect_options(database_url("postgresql://u@h/d?connect_timeout=60&sslmode=verify-full"))
    assert plain.keys() - asked.keys() == {"connect_timeout"}


def test_it_is_shown_without_password_and_options() -> None:
    url = database_url("postgresql://erp:hunter22@db:5433/shop?password=hunter23&sslmode=require")
    assert told(url) == "postgresql://erp:***@db:5433/shop"
    assert told(database_url("sqlite:////var/lib/erp.db")) == "sqlite:////var/lib/erp.db"


@pytest.mark.parametrize(("server", "version"), [("MySQL", (5, 7, 44)), ("MariaDB", (10, 5, 29))])
def test_a_server_that_cannot_pass_over_locked_rows_is_refused(server: str, version: tuple[int, ...]) -> None:
    with pytest.raises(WrongDatabase, match=f"the relay needs {server} .* or later, for SKIP LOCKED"):
        require_skip_locked(server, version)


@pytest.mark.parametrize(("server", "version"), [("MySQL", (8, 0, 36)), ("MySQL", (9, 1)), ("MariaDB", (10, 6, 0))])
def test_one_that_can_is_taken(server: str, version: tuple[int, ...]) -> None:
    require_skip_locked(server, version)


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_at_all_is_a_database_or_wrong(text: str) -> None:
    for dsn in (text, f"postgresql://{text}", f"mysql://erp:hunter22@{text}"):
        try:
            shown = told(database_url(dsn))
        except WrongDatabase as error:
            shown = str(error)
        assert "hunter22" not in shown
