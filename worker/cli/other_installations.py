"""What commands do where only workers with another key prefix run: nobody would send what the commands open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

import structlog
from redis.exceptions import RedisError

from config.settings import Settings
from tasks.order_task import QUEUE
from tasks.partners import PARTNERS
from tasks.persistence import is_denied
from tasks.runtime import Runtime, connect
from worker.cli.connection import No
from worker.cli.finding import Finding
from worker.transport.installations import installations, told

_SUBJECT: Final = f"queues {', '.join((QUEUE, *PARTNERS))}"

log = structlog.get_logger("redeem.door")


def refuse_where_only_others_work(runtime: Runtime) -> None:
    """Raises No where another installation has live workers and this one has none."""
    if text := _only_others(runtime):
        raise No(text)


def warn_where_only_others_work(runtime: Runtime) -> None:
    """Log it as an error, in a thread of its own: a way in begins without a broker too, and does not wait for it."""

    def look() -> None:
        if text := _only_others(runtime):
            log.error("door.other_installation", error=text)

    threading.Thread(target=look, name="other installations", daemon=True).start()


def check_installations(settings: Settings) -> Iterator[Finding]:
    """Whether workers with other key prefixes take from the same queues."""
    try:
        with connect(settings) as redis:
            found = installations(redis, settings.key_prefix)
    except (RedisError, OSError) as error:
        if is_denied(error):  # all else the findings about the broker say
            text = (
                "whether another installation takes from them cannot be seen: load the current deploy/redis/users.acl"
            )
            yield Finding("warning", _SUBJECT, text)
        return
    found.pop(settings.key_prefix, None)
    if found:
        yield Finding("error", _SUBJECT, told(settings.key_prefix, found))


def _only_others(runtime: Runtime) -> str | None:
    """What to say of it; None where it is not so, or cannot be seen."""
    own = runtime.settings.key_prefix
    try:
        found = installations(runtime.ledger.redis, own)
    except (RedisError, OSError):  # who goes on finds out what is wrong with the broker
        return None
    return told(own, found) if found and own not in found else None
