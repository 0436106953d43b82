"""One redemption: one code of one order, to be reported to one partner for one shop."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Redemption(NamedTuple):
    """What is known of it, and no more than its partner needs.

    `code` is spelled as the customer entered it, trimmed; `order_value` is net with two decimals; `completed_at` is
    UTC; `provenance` is what the event itself said about the code, kept so that it can be routed anew. A tuple, since
    every order and every attempt makes one: a frozen dataclass takes eight times as long to make.
    """

    id: str
    partner: str
    shop: str
    order_id: str
    code: str
    order_value: Decimal | None
    currency: str | None
    completed_at: datetime
    discount: Decimal | None = None
    validation_key: str | None = None
    email_hash: str | None = None
    customer_id: str | None = None
    source: str | None = None
    params: tuple[str, ...] = ()
    provenance: str | None = None
    test: bool = False

    def without_customer_id(self) -> Redemption:
        """The same without the customer's identifier, for shops that do not send it."""
        return self if self.customer_id is None else self._replace(customer_id=None)
