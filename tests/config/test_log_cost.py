"""What a line costs, counted, not timed: one is written for every attempt at a redemption."""

from __future__ import annotations

import logging
from typing import Literal

import pytest
import structlog

from config.logs import configure_logging
from config.redaction import Redactor
from tests.call_counts import counted

WIDE = {
    "id": "sovendus:uk:145789:SKDXXR4324", "partner": "sovendus", "shop": "uk", "attempt": 1, "outcome": "redeemed",
    "status": 200, "ms": 12, "receipt": {"message": "Coupon redemption received."},
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("root_logger_as_before")


@pytest.mark.parametrize(("form", "most"), [("json", 170), ("console", 250)])
def test_a_line_runs_few_functions(form: Literal["console", "json"], most: int) -> None:
    logging.getLogger().handlers.clear()  # pytest's own are no part of it
    configure_logging("INFO", form, Redactor(["k3y-0123456789", "pa/ss w0rd"]))
    log = structlog.get_logger("redeem.delivery")
    functions, _ = counted(lambda: log.info("delivery.attempted", **WIDE))
    assert functions < most


def test_a_line_that_is_off_runs_next_to_none() -> None:
    configure_logging("WARNING", "json", Redactor([]))
    log = structlog.get_logger("redeem.delivery")
    functions, _ = counted(lambda: log.info("delivery.attempted", **WIDE))
    assert functions < 12


def test_more_secrets_do_not_make_a_line_run_more() -> None:
    few, many = (Redactor([f"s3cret-number-{number}" for number in range(count)]) for count in (1, 100))
    assert counted(lambda: few.fields(WIDE)) == counted(lambda: many.fields(WIDE))
