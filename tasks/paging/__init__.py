"""What an operator is woken for.

One worker at a time looks once a second: it takes a snapshot of all accounts (`reading.py`), holds it against one
table of alarms (`alarms.py`), and decides by what was told before what to tell now (`due.py`). So a hundred thousand
dead letters are one page, ten workers send one, and what the attempts at redemptions do is not held up by any of it.
"""

from tasks.paging.watch import Watch

__all__ = ["Watch"]
