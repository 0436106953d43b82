"""Which installations have workers on a Redis database. Queues have no prefix, so there must be one only.

Two with different `REDEEM_KEY_PREFIX` would take each other's orders and book them under their own shops. Each worker
notes its prefix with its heartbeat under one key that all share; one that finds another prefix there does not start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import structlog
from redis.exceptions import RedisError

from config.settings import Settings
from tasks.persistence import is_denied
from worker.transport.scripts import source

KEY: Final = "redeem-installations"
"""A sorted set: key prefix → its workers' last heartbeat, in milliseconds by the server's clock."""
DEAD_AFTER: Final = 10.0
"""Seconds without a heartbeat after which a worker counts as dead, and so does an installation."""

_PATIENCE: Final = DEAD_AFTER + 2  # seconds that a start waits for another installation to go
_BETWEEN_LOOKS: Final = 0.5
_BEATS: Final = 2  # heartbeats of another installation that prove that it lives on

log = structlog.get_logger("redeem.transport")


class OtherInstallationError(Exception):
    """Workers with other key prefixes take from the same queues; the text says which, and what to do."""


class Registration:
    """The entry of one installation. `redis` may answer in text or in bytes."""

    def __init__(self, redis: Any, key_prefix: str) -> None:  # noqa: ANN401 - redis-py's types know one kind of answers
        self._register = redis.register_script(source("register"))
        self._prefix = key_prefix

    def claim(self) -> dict[str, float]:
        """Register unless others are alive: their prefixes, and the seconds since their heartbeats.

        Raises redis.RedisError, here and below.
        """
        return self._run("claim")

    def beat(self) -> dict[str, float]:
        """Register in any case; the others that are alive, as above."""
        return self._run("beat")

    def leave(self) -> None:
        """The worker stops: forget the installation if that was its last one."""
        self._run("leave")

    def _run(self, act: Literal["claim", "beat", "leave"]) -> dict[str, float]:
        return _seconds(self._register(args=[self._prefix, int(DEAD_AFTER * 1000), act]))


def _seconds(answer: Iterable[str | bytes]) -> dict[str, float]:
    told = [one.decode() if isinstance(one, bytes) else one for one in answer]
    return {prefix: int(silent) / 1000 for prefix, silent in zip(told[::2], told[1::2], strict=True)}


def claim_queues(redis: Any, key_prefix: str, still_alive: Callable[[], object]) -> None:  # noqa: ANN401 - as above
    """Register this installation. While another is alive, wait some seconds for it to go; `still_alive` is called.

    Raises OtherInstallationError where it lives on, redis.RedisError, and what `still_alive` raises.
    """
    registration = Registration(redis, key_prefix)
    began, beats = time.monotonic(), dict[str, list[float]]()
    while others := unregistered(redis, key_prefix) or registration.claim():
        asked = time.monotonic()
        if not beats:
            log.warning("worker.waits_for_another_installation", prefixes=sorted(others))
        for prefix, silent in others.items():
            heard = beats.setdefault(prefix, [])
            if not heard or asked - silent > heard[-1] + _BETWEEN_LOOKS:
                heard.append(asked - silent)
        if asked - began > _PATIENCE or any(len(heard) > _BEATS for heard in beats.values()):
            raise OtherInstallationError(told(key_prefix, others))
        until = asked + _BETWEEN_LOOKS
        while time.monotonic() < until:
            still_alive()
            time.sleep(_BETWEEN_LOOKS / 5)


def installations(redis: Any, key_prefix: str) -> dict[str, float]:  # noqa: ANN401 - as above
    """Every installation with a live worker, this one included: prefix → seconds since its heartbeat. Changes nothing.

    `redis` must answer in text. Raises redis.RedisError.
    """
    now = _now(redis)
    registered = {prefix: max(0.0, now - at / 1000) for prefix, at in redis.zrange(KEY, 0, -1, withscores=True)}
    alive = {prefix: silent for prefix, silent in registered.items() if silent <= DEAD_AFTER}
    return alive | unregistered(redis, key_prefix)


def unregistered(redis: Any, key_prefix: str) -> dict[str, float]:  # noqa: ANN401 - as above
    """The installation with the default prefix, which an older version registers nowhere, from its own key.

    Only that one: any other prefix could be found by looking at all keys alone. Raises redis.RedisError.
    """
    default: str = Settings.model_fields["key_prefix"].default
    if key_prefix == default:
        return {}
    try:
        found = redis.zrange(f"{default}:consumers", -1, -1, withscores=True)
    except RedisError as error:
        if is_denied(error):  # as a user is that may see its own prefix only
            return {}
        raise
    silent = max(0.0, _now(redis) - found[0][1] / 1000) if found else float("inf")
    return {default: silent} if silent <= DEAD_AFTER else {}


def told(key_prefix: str, others: Mapping[str, float]) -> str:
    """Which installations are in each other's way, and what to do."""
    theirs = ", ".join(f"{prefix} (heard {silent:.0f} s ago)" for prefix, silent in sorted(others.items()))
    return (
        f"workers with another REDEEM_KEY_PREFIX take from the same queues: {theirs}; here it is {key_prefix}. "
        "Queues have no prefix, so each would take the other's orders. Give each installation a Redis or a database of "
        "its own (REDEEM_BROKER_URL=redis://…/1), or stop the other's workers first"
    )


def _now(redis: Any) -> float:  # noqa: ANN401 - as above
    seconds, microseconds = redis.time()
    return float(seconds + microseconds / 1e6)
