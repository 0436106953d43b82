"""The queues that `benchmarks/race.py` runs against each other, one file each.

These files run in environments of their own (`benchmarks/pit.py`), never in Redeem's, and import nothing of it. Each
gives `sender()`, a function that enqueues one event as that queue's users do; its worker is started by the command in
`benchmarks/field.py`. Every job is the same (`job.py`, `async_job.py`): it reads an event of `order.py`, checks it,
calls the partner over keep-alive, and records one result in Redis.
"""
