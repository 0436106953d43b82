"""What `redeem check` says of the queues: whether messages lie in lists that look like one and that nobody takes."""

from __future__ import annotations

from collections.abc import Iterator

from redis.exceptions import NoPermissionError, RedisError

from config.settings import Settings
from tasks.ledger.books import LedgerBooks
from tasks.runtime import connect
from tasks.standing.stray_lists import find_stray_lists
from worker.cli.connection import not_allowed
from worker.cli.finding import Finding


def check_queues(settings: Settings) -> Iterator[Finding]:
    """Each such list, or that there is none."""
    try:
        with connect(settings) as redis:
            strays, complete = find_stray_lists(LedgerBooks(redis, settings.key_prefix))
    except NoPermissionError as error:
        yield Finding(
            "warning", "queues", f"{not_allowed(error)}: does the server have today's deploy/redis/users.acl?"
        )
        return
    except (RedisError, OSError):  # as the findings about the broker say
        return
    for stray in strays:
        yield Finding("warning", f"queue {stray.queue}", stray.advice)
    if not complete:
        yield Finding("ok", "queues", "there are too many keys to look for lists that nobody takes from in all of them")
    elif not strays:
        yield Finding("ok", "queues", "no list beside them looks like one")
