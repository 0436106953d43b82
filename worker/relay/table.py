"""The table `redemption_outbox`: what the ERP writes, what the relay writes, and the indexes that the relay looks with.

Nothing in it can break the ERP's own transaction: no JSON type, no CHECK, no NOT NULL. A bad event is a refused row.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.dialects import mysql

from worker.relay.moment import Moment, Now

NAME: Final = "redemption_outbox"
"""The table's name, and on PostgreSQL that of the channel on which its trigger rings."""


class RowState(StrEnum):
    """What `state` can be: a redemption's states, and what becomes of a row that has none.

    `sending` is not among them: it lasts as long as a call, and is told as `queued` or `retrying`.
    """

    QUEUED = "queued"
    RETRYING = "retrying"
    DEAD = "dead"
    REDEEMED = "redeemed"
    PRESUMED = "presumed"
    DISCARDED = "discarded"
    ERASED = "erased"
    """Taken out of the ledger by `redeem erase`; it is not sent again."""
    NONE = "none"
    """The order has no code of a partner: nothing to report."""
    REFUSED = "refused"
    """The event is not valid; `error` names its fields."""


OPEN: Final = (RowState.QUEUED, RowState.RETRYING, RowState.DEAD)
"""What may still become something else: a dead letter can be replayed."""

IS_UNSENT: Final = "sent_at IS NULL"


def is_in(state: RowState) -> str:
    """The rows in that state. As with `IS_UNSENT`, a query says the very words that the index was made with."""
    return f"state = '{state}'"


_LONG: Final = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")  # whose TEXT ends at 64 KiB

outbox: Final = Table(
    NAME,
    MetaData(),
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), Identity(), primary_key=True),
    Column("event", _LONG),
    Column("created_at", Moment(), server_default=Now()),
    Column("sent_at", Moment()),
    Column("state", String(16)),
    Column("reported_at", Moment()),
    Column("receipt", _LONG),
    Column("error", _LONG),
    Column("redemptions", _LONG),
    sqlite_autoincrement=True,  # an id is never given twice, whatever the ERP deletes
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
)
"""For the ERP: id, event, created_at. Filled by the relay: all the others."""

INDEXES: Final = {
    # PostgreSQL does not see that by (state, id) the rows of one state come in the order of id, and would rather go
    # through the whole table: so each question has an index of its own, of a few rows.
    "postgresql": (
        Index(f"{NAME}_unsent", outbox.c.id, postgresql_where=text(IS_UNSENT)),
        *(Index(f"{NAME}_{state}", outbox.c.id, postgresql_where=text(is_in(state))) for state in OPEN),
    ),
    "mysql": (
        Index(f"{NAME}_unsent", outbox.c.sent_at, outbox.c.id),
        Index(f"{NAME}_open", outbox.c.state, outbox.c.id),
    ),
    "sqlite": (
        Index(f"{NAME}_unsent", outbox.c.sent_at, outbox.c.id, sqlite_where=text(IS_UNSENT)),
        Index(f"{NAME}_open", outbox.c.state, outbox.c.id),
    ),
}
"""What the relay's questions are answered by: which rows are unsent, and which are in a state that is not final."""
