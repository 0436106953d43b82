"""The ledger in Redis is the truth about every redemption; the broker's lists are only doorbells.

Every redemption that is not settled has exactly one wake-up time here, so whatever happens to a message, a worker or
the connection, it is looked at again. All transitions are Lua scripts (`scripts/`), atomic, on the server's clock.
"""

from tasks.ledger.answers import Claim, Recorded, Resumed
from tasks.ledger.ledger import Ledger
from tasks.ledger.limits import LedgerLimits
from tasks.ledger.opening import Account, Opened, Opening, Planned
from tasks.ledger.record import Record, State

__all__ = [
    "Account", "Claim", "Ledger", "LedgerLimits", "Opened", "Opening", "Planned", "Record", "Recorded", "Resumed",
    "State",
]  # fmt: skip
