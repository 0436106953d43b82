"""kombu's Redis channel, told what is a lane, and with an error one can recover from once its connection is closed."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis as kombu_redis
from redis import exceptions

from worker.transport.lanes import Lanes


class ConnectedChannel(kombu_redis.Channel):
    """What our channels have in common."""

    lanes: Lanes | None = None
    from_transport_options = (*kombu_redis.Channel.from_transport_options, "lanes")

    def _connparams(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        # A timer or a thread may still hold the channel of a connection that was lost. kombu then trips over None
        # ("no attribute 'hostname'"), and Celery takes that for a mistake it cannot recover from and ends the worker.
        if self.connection is None or self.connection.client is None:
            raise exceptions.ConnectionError("the connection that this channel belonged to is closed")
        return super()._connparams(asynchronous)
