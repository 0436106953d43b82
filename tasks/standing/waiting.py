"""What is not settled yet, as the wake-ups have it, and bringing its retries forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tasks.dead_letters.finding import NEEDED, Filters
from tasks.ledger import Account, Ledger, Record, State

_PAGE: Final = 500


def find_waiting(ledger: Ledger, account: str, fields: Sequence[str] = ()) -> Iterator[Record]:
    """An account's unsettled redemptions, the next due first, fetched page by page; with `fields` only, if given.

    Of the fields `state` must be one.
    """
    ids = ledger.redis.zrange(ledger.key("wake", account), 0, -1)
    for start in range(0, len(ids), _PAGE):
        for record in ledger.find_all(ids[start : start + _PAGE], fields):
            if record.state in (State.QUEUED, State.SENDING, State.RETRYING):
                yield record


def hasten(ledger: Ledger, filters: Filters) -> Iterator[Record]:
    """Make every matching retry due now and yield it; `since` and `until` are about when it was accepted.

    Raises redis.RedisError.
    """
    for account in sorted(ledger.accounts()):
        partner, shop = Account.parts(account)
        if filters.partner not in (None, partner) or filters.shop not in (None, shop):
            continue
        for record in find_waiting(ledger, account, (*NEEDED, "accepted_at")):
            accepted = record.moment("accepted_at")
            in_time = accepted is not None and not (
                (filters.since and accepted < filters.since) or (filters.until and accepted > filters.until)
            )
            if in_time and filters.match(record) and ledger.hasten(record.id):
                yield record
