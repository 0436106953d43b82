"""What the transport must know of the queues it consumes: handed to it by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from tasks.messages.burying import Reasoned


@dataclass(frozen=True)
class Lanes:
    """The queues that are lanes, and what becomes of a message that nobody can run."""

    intake: str
    """The queue that is everyone's door; its messages are the only copies of what they say."""
    partners: Collection[str]
    """The queues whose messages are doorbells: each holds a thread for as long as a partner takes to answer."""
    tasks: Collection[str]
    """The names of the tasks that may come."""
    key_prefix: str
    """What the keys of our bookings begin with, the colon included."""
    bury: Callable[[bytes, str, Reasoned, str], object]
    """Makes a raw message of a queue a dead letter, once per token; raises redis.RedisError where it could not."""

    def __json__(self) -> dict[str, object]:
        """As kombu writes it where somebody asks a worker about its connection: Flower's worker page does."""
        return {"intake": self.intake, "partners": sorted(self.partners)}

    def __contains__(self, queue: str) -> bool:
        return queue == self.intake or queue in self.partners
