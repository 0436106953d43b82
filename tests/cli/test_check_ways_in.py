"""`redeem check` of the ways in beside Celery."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Run

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
