"""However many rows are done, the relay's questions are answered by an index of the rows that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from worker.relay.database import Database
from worker.relay.table import INDEXES, OPEN
from worker.relay.table import outbox as table
from worker.relay.taking import next_rows
from worker.relay.writing_back import page_of

if TYPE_CHECKING:
    from tests.relay.erp import Outbox

EXPLAIN = {"postgresql": "EXPLAIN", "mysql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}


@pytest.fixture
def old(outbox: Outbox) -> Outbox:
    """An outbox of thousands of rows that are done, and some that are not."""
    with outbox.engine.begin() as erp:
        erp.execute(sa.insert(table), [{"event": "{}" * 100}] * 3000)
        erp.execute(sa.update(table).values(state="redeemed", sent_at=sa.func.now()))
        for state in (*OPEN, None):
            erp.execute(sa.insert(table), [{"event": "{}", "state": state}] * 50)
        erp.execute(sa.update(table).where(table.c.state.is_not(None)).values(sent_at=sa.func.now()))
        erp.execute(sa.text("ANALYZE TABLE redemption_outbox" if outbox.engine.name == "mysql" else "ANALYZE"))
    return outbox


def test_every_question_has_an_index(old: Outbox) -> None:
    database = Database(old.url)
    names = {str(index.name) for index in INDEXES[old.engine.name]}
    used: set[str] = set()
    for query in (
        next_rows(100),
        *(page_of(state, after, newest=after is None) for state in OPEN for after in (None, 20)),
    ):
        text = str(query.compile(dialect=database.engine.dialect, compile_kwargs={"literal_binds": True}))
        with database.reading() as connection:
            plan = str(connection.exec_driver_sql(f"{EXPLAIN[old.engine.name]} {text}").all())
        (index,) = [name for name in names if name in plan]
        used.add(index)
    assert used == names
    database.close()
