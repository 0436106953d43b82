"""Moments that no datetime can be hold up nobody: the row is an order of now, and the others go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.cli.conftest import event

if TYPE_CHECKING:
    from tests.cli.conftest import Worker
    from tests.relay.erp import Outbox
    from worker.relay.relay import Relay

BEYOND = {
    "postgresql": ("infinity", "-infinity", "0044-03-15 BC", "20000-01-01 00:00:00+00"),
    "sqlite": ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "nonsense"),
}


@pytest.mark.parametrize("database", [*BEYOND], indirect=True)
def test_a_time_beyond_all_times_is_now(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    written = BEYOND[outbox.engine.dialect.name]
    outbox.add(*(event(str(number)) for number in range(len(written))))
    with outbox.engine.begin() as connection:
        for number, text in enumerate(written, start=1):
            connection.execute(sa.text(f"UPDATE redemption_outbox SET created_at = '{text}' WHERE id = {number}"))
    now = datetime.now(UTC)
    assert relay.once().relayed == len(written)
    for number in range(len(written)):
        completed = worker.record(f"sovendus:uk:{number}:SKD1").redemption().completed_at
        assert abs(completed - now) < timedelta(minutes=1)
