"""What a worker has taken off the queues and not finished: booked in Redis under the worker's name.

A booking lives as long as its worker gives signs of life. After `DEAD_AFTER` seconds without one any other worker puts
the messages back. Too early does no harm (a stopped worker that goes on, a long stall): an order that comes twice is a
duplicate, and a doorbell rung twice finds its redemption claimed.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from typing import Any, Final

import structlog
from redis import exceptions

from tasks.errors import Crashed
from tasks.messages.burying import Reasoned
from tasks.persistence import is_denied
from worker.transport.installations import DEAD_AFTER, Registration, told
from worker.transport.lanes import Lanes
from worker.transport.scripts import source

DEATHS_ALLOWED: Final = 5
"""Workers that may die with the same order message in hand, before it counts as what kills them."""
_TOLD_AGAIN: Final = 60.0  # seconds
_MOST_UNFLUSHED: Final = 16  # finished messages that are told to Redis one batch later at the latest

log = structlog.get_logger("redeem.transport")


class Bookings:
    """One connection's bookings. For the thread of the event loop only."""

    def __init__(self, redis: Any, lanes: Lanes) -> None:  # noqa: ANN401 - a client that answers in bytes
        self.consumer = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._redis = redis
        self._lanes = lanes
        self._taken = f"{lanes.key_prefix}taken:{self.consumer}"
        self._give_back, self._beat = (redis.register_script(source(name)) for name in ("give_back", "beat"))
        self._registration = Registration(redis, lanes.key_prefix.removesuffix(":"))
        self._other_told = float("-inf")
        self._finished: list[str] = []
        self._refused: list[str] = []

    def finish(self, tag: str) -> None:
        """The message is done with; Redis learns of it with the next take, or the next flush."""
        self._finished.append(tag)

    def refuse(self, tag: str) -> None:
        """The message could not be processed now: with the next sign of life it goes back, behind what waits."""
        self._refused.append(tag)

    def hand_over(self) -> list[str]:
        """The finished ones, for the take that tells of them; if that fails they must be finished again."""
        tags, self._finished = self._finished, []
        return tags

    def flush(self, at_least: int = _MOST_UNFLUSHED) -> None:
        """Tell Redis what is finished, where that is at least so many messages.

        Raises redis.RedisError; then all are told again.
        """
        if len(self._finished) >= max(1, at_least):
            self._redis.hdel(self._taken, *self._finished)
            self._finished.clear()

    def give_back_refused(self) -> None:
        """Put back now what was refused.

        Raises redis.RedisError.
        """
        if self._refused:
            self._give_back(args=[self._lanes.key_prefix, self.consumer, "last", *self._refused])
            self._refused.clear()

    def beat(self) -> None:
        """Give a sign of life, and look after the messages of workers that give none any more.

        Raises redis.RedisError.
        """
        self.flush(at_least=1)
        self.give_back_refused()
        found = self._beat(
            args=[self._lanes.key_prefix, self.consumer, int(DEAD_AFTER * 1000), self._lanes.intake, DEATHS_ALLOWED]
        )
        for tag, message in zip(found[::2], found[1::2], strict=True):
            error = Crashed("workers died with this message in hand, several times: it seems to kill them")
            self.bury(tag.decode(), message, self._lanes.intake, error)
        self._register()

    def _register(self) -> None:
        """Note that this installation is alive, and say so where another one is too."""
        try:
            others = self._registration.beat()
        except exceptions.RedisError as error:
            if not is_denied(error):
                raise
            others = {}  # an older users.acl: the start has said so
        if others and time.monotonic() - self._other_told > _TOLD_AGAIN:
            self._other_told = time.monotonic()
            log.error("worker.other_installation", error=told(self._lanes.key_prefix.removesuffix(":"), others))

    def bury(self, tag: str, message: bytes, queue: str, error: Reasoned) -> None:
        """Make a message that nobody can run a dead letter; while that is not possible it goes round."""
        try:
            self._lanes.bury(message, queue, error, f"{self.consumer}:{tag}")
        except exceptions.RedisError as unavailable:
            log.warning("message.not_buried", queue=queue, reason=error.reason, error=str(unavailable))
            self.refuse(tag)
            return
        self.finish(tag)
        try:
            # At once: taken from a dead worker, it would become one more dead letter.
            self.flush(at_least=1)
        except exceptions.RedisError as unavailable:
            log.debug("bookings.not_told", error=str(unavailable))  # the next take tells it

    def leave(self) -> None:
        """Give back all that is not finished, and be forgotten.

        Raises redis.RedisError: the others find out by themselves, after `DEAD_AFTER`.
        """
        self.flush(at_least=1)
        self._give_back(args=[self._lanes.key_prefix, self.consumer, "next"])
        self._registration.leave()
