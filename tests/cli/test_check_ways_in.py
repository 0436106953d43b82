"""`redeem check` of the ways in beside Celery."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from worker.dev.ports import free_port
from worker.relay.ddl import ddl

Configure = Callable[..., None]
LONG = "0123456789abcdef"
SHORT = "0123456789abcde"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def found(redeem: Run, subject: str) -> list[str]:
    """What `redeem check` says of one subject."""
    return [f"{row['level']} {row['text']}" for row in redeem("check", "--json").rows if row["subject"] == subject]


def test_without_tokens_and_secrets_nobody_comes_in_over_http(redeem: Run, configured: Configure) -> None:
    configured()
    assert found(redeem, "HTTP") == ["ok no shop has a TOKEN or a WEBHOOK_SECRET, so none comes in by redeem serve"]


def test_who_comes_in_is_told(redeem: Run, configured: Configure) -> None:
    configured(SHOPS__UK__TOKEN=f"{LONG}1,{LONG}2", SHOPS__UK__WEBHOOK_SECRET=WHSEC, SHOPS__DE__WEBHOOK_SECRET=LONG)
    assert found(redeem, "HTTP") == []
    assert "ok comes in over HTTP with 2 tokens and 1 webhook secret" in found(redeem, "shop uk")
    assert "ok comes in over HTTP with 1 webhook secret" in found(redeem, "shop de")
    assert not any(one.startswith("error") for one in found(redeem, "shop uk") + found(redeem, "shop de"))


@pytest.mark.parametrize(
    ("name", "value", "level", "told"),
    [
        ("SHOPS__UK__TOKEN", f"{LONG},{SHORT}", "warning", "REDEEM_SHOPS__UK__TOKEN is short"),
        ("SHOPS__UK__WEBHOOK_SECRET", SHORT, "warning", "REDEEM_SHOPS__UK__WEBHOOK_SECRET is short"),
        ("SHOPS__UK__WEBHOOK_SECRET", "whsec_QUJDREVGR0g=", "warning", "REDEEM_SHOPS__UK__WEBHOOK_SECRET is short"),
        ("SHOPS__UK__WEBHOOK_SECRET", "whsec_no-base64!", "error", "is no base64 after it: no signature will fit"),
        ("SHOPS__UK__WEBHOOK_SECRET", "whsec_", "error", "is no base64 after it: no signature will fit"),
        ("WEB__METRICS_TOKEN", SHORT, "warning", "REDEEM_WEB__METRICS_TOKEN is short"),
    ],
)
def test_what_could_be_guessed_or_cannot_work_is_told_and_not_shown(
    redeem: Run, configured: Configure, name: str, value: str, level: str, told: str
) -> None:
    configured(**{name: value})
    subject = "shop uk" if name.startswith("SHOPS") else "HTTP"
    (line,) = [one for one in found(redeem, subject) if "REDEEM_" in one]
    assert line.startswith(level)
    assert told in line
    ran = redeem("check")
    assert ran.status == (level == "error")
    assert not any(part in ran.out for part in value.split(",") if part != "whsec_")


def test_the_relays_database_is_looked_at(redeem: Run, configured: Configure, tmp_path: Path) -> None:
    file = tmp_path / "erp.db"
    configured(RELAY__DSN=f"sqlite:///{file}")
    (missing,) = found(redeem, "relay")
    assert missing.startswith("error REDEEM_RELAY__DSN: sqlite:///")
    with closing(sqlite3.connect(file)) as database:
        (empty,) = found(redeem, "relay")
        assert "has no table redemption_outbox: `redeem relay --ddl sqlite` prints what makes it" in empty
        database.executescript(ddl("sqlite"))
    (there,) = found(redeem, "relay")  # whatever letters the folder's name has
    assert re.fullmatch(r"ok sqlite:///.*erp\.db has the table redemption_outbox", there)


def test_a_database_that_is_away_is_told_without_its_password(redeem: Run, configured: Configure) -> None:
    configured(RELAY__DSN=f"postgresql://erp:passw0rd@127.0.0.1:{free_port()}/shop")
    ran = redeem("check")
    assert ran.status == 1
    (line,) = [line for line in ran.out.splitlines() if " relay: " in line]
    assert line.startswith("error    relay: REDEEM_RELAY__DSN: postgresql://erp:***@127.0.0.1:")
    assert "passw0rd" not in ran.out + ran.err
