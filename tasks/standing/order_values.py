"""Money as operators see it: sums of order values by currency, in which an order counts once."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tasks.ledger import Record


@dataclass
class Money:
    """Order values by currency, each order counted once however many of its codes are concerned; no test orders."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    _counted: set[int] = field(default_factory=set)  # hashes: there may be a million orders

    def add(self, record: Record) -> None:
        """Count the record's order, unless it is a test or has been counted."""
        if not record.test:
            self.count(record.shop, record.order_id, record.order_value, record.fields.get("currency"))

    def count(self, shop: str, order_id: str, value: Decimal | None, currency: str | None) -> None:
        """Count an order, unless it has no value or has been counted."""
        order = hash((shop, order_id))
        if value is None or not currency or order in self._counted:
            return
        self._counted.add(order)
        self.totals[currency] = self.totals.get(currency, Decimal(0)) + value

    def to_json(self) -> dict[str, str]:
        """Currency → amount as a decimal string."""
        return {currency: str(amount) for currency, amount in sorted(self.totals.items())}
