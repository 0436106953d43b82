"""The SQL outbox: an ERP writes an order and its event in one transaction, and the relay hands the event on from there.

    redemption_outbox ──taking──▶ journaling ──▶ ledger ──▶ workers
            ▲                                      │
            └──────────── writing_back ◀───────────┘

A row is marked as sent only after the ledger holds its redemptions, so wherever the relay dies the row is taken again,
and its redemptions fall out as duplicates. What became of them is read from the ledger and written back until final.

Only this folder imports SQLAlchemy and the drivers: they are the extra `sql`.
"""
