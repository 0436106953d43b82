"""What a redemption could not be sent with any more, once its customer is erased from it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from config.settings import Settings
from tasks.erasure.found import Found
from tasks.errors import PermanentError
from tasks.intake import account_of
from tasks.ledger import Record
from tasks.partners import PARTNERS


def would_lack(settings: Settings, found: Found) -> Iterator[tuple[Record, str]]:
    """The redemptions that would become dead letters, each with what its partner requires and it would not have."""
    for record in found.stripped:
        without = record.redemption()._replace(email_hash=None, customer_id=None)
        account = account_of(settings, record.partner, record.shop)[1]
        if account is None:
            continue
        try:
            PARTNERS[record.partner].require(without, account)
        except PermanentError as error:
            yield record, f"{error.reason}: {error.message}"
