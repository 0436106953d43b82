"""Recording what happened, however long the broker is away: the partner's yes is known here and nowhere else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import structlog
from redis import exceptions

T = TypeVar("T")


class NotNow(exceptions.ResponseError):
    """Redis refuses for a reason that passes, which redis-py has no class of its own for."""


class NotAllowed(exceptions.NoPermissionError):
    """Redis does not let the user of our URL do that: its ACL must be mended (deploy/redis/users.acl)."""


UNAVAILABLE: Final = (
    exceptions.ConnectionError,  # the BusyLoadingError of a restart among them
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,  # a failover in progress
    exceptions.OutOfMemoryError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,  # and the MasterDownError of a replica that has lost its master
    NotNow,
    NotAllowed,
    OSError,
)
"""What passes by itself once the broker is well; anything else is a mistake of ours and is raised."""

_PASSING: Final = {"MISCONF", "NOREPLICAS", "BUSY", "UNBLOCKED"}
"""A disk that is full or fails, too few replicas, a script that runs long, a role that changes."""

_MISTAKES: Final = (exceptions.AuthenticationError, exceptions.AuthorizationError, NotAllowed)
"""A wrong login, or one with too few rights, passes only when somebody mends it: whoever waits for a while only is told
at once."""

_WITHIN_SCRIPTS: Final = ("ACL failure in script", "The user executing the script can't")
"""Valkey's words and those of Redis 7.0, which have no code of their own."""

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 1.0
_LOG_EVERY: Final = 10.0  # seconds

log = structlog.get_logger("redeem.ledger")


def is_denied(error: Exception) -> bool:
    """Whether Redis refused because its ACL does not allow the user that."""
    return isinstance(error, exceptions.NoPermissionError) or str(error).startswith(_WITHIN_SCRIPTS)


@contextlib.contextmanager
def classified() -> Iterator[None]:
    """Around every write to the ledger: what Redis refuses for now is raised as NotNow, what it does not allow the user
    as NotAllowed, the rest as it is.
    """
    try:
        yield
    except exceptions.ResponseError as error:
        if is_denied(error):
            raise NotAllowed(str(error)) from error
        if str(error).partition(" ")[0] in _PASSING:
            raise NotNow(str(error)) from error
        raise


def until_recorded(write: Callable[[], T], *, what: str, limit: float = float("inf")) -> T:
    """Call `write` until it succeeds, for `limit` seconds at most; then its last error is raised.

    `write` must be safe to repeat: whether one that failed took effect is not known. `what` is told in the log.
    """
    began = last_logged = time.monotonic()
    wait = _FIRST_WAIT
    while True:
        try:
            return write()
        except UNAVAILABLE as error:
            now = time.monotonic()
            if now + wait - began > limit or (isinstance(error, _MISTAKES) and limit < float("inf")):
                raise
            if now - last_logged >= _LOG_EVERY:
                last_logged = now
                log.warning("ledger.unavailable", waiting_to_record=what, seconds=round(now - began), error=str(error))
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT)
