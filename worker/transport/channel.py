"""kombu's Redis transport with lanes for our queues; every other queue (replies, remote control) is kombu's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import structlog
from kombu.transport import redis as kombu_redis
from kombu.utils.json import dumps
from redis import exceptions

from worker.transport.bookings import Bookings
from worker.transport.connected import ConnectedChannel
from worker.transport.credit import credit
from worker.transport.endings import Endings
from worker.transport.lane import Lane

# A Redis without memory to spare must drain, so whatever a worker needs for that may still be written: doorbells for
# what the ledger holds already, the answers to remote control, and kombu's little tables for those.
_ALLOW_OOM: Final = "#!lua flags=allow-oom\n"
_PUT: Final = f"{_ALLOW_OOM}return redis.call('LPUSH', KEYS[1], ARGV[1])"

log = structlog.get_logger("redeem.transport")


class DividedChannel(ConnectedChannel):
    """A channel of which the consumers of our queues each get one of their own."""

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - kombu's signature
        """Consume from a queue: through its lane where it is ours."""
        if self.lanes is None or queue not in self.lanes:
            return super().basic_consume(queue, *args, **kwargs)
        return self.connection.lane(queue, opened_by=self).basic_consume(queue, *args, **kwargs)

    def basic_cancel(self, consumer_tag: str) -> Any:  # noqa: ANN401 - as above
        """Consume no more."""
        lane = self.connection and self.connection.lane_of(consumer_tag)
        return lane.basic_cancel(consumer_tag) if lane else super().basic_cancel(consumer_tag)

    def basic_qos(self, prefetch_size: int = 0, prefetch_count: int = 0, apply_global: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        """How many messages may be in hand: the worker's number of threads, which the lanes share."""
        super().basic_qos(prefetch_size, prefetch_count, apply_global)
        self.connection.prefetch_count = prefetch_count

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:  # noqa: ANN401 - as above
        if "_publish_batch" in kwargs or queue in self._expires:
            super()._put(queue, message, **kwargs)
        else:
            self._put_script(keys=[queue], args=[dumps(message)])

    @cached_property
    def _put_script(self) -> Any:  # noqa: ANN401 - redis-py's Script
        return self._create_client().register_script(_PUT)

    @cached_property
    def _refresh_binding(self) -> Any:  # noqa: ANN401 - as above
        return self._create_client().register_script(_ALLOW_OOM + kombu_redis.REFRESH_BINDING)


class Poller(kombu_redis.MultiChannelPoller):
    """kombu's poller, which has bookings to keep instead of a visibility timeout."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def on_poll_start(self) -> None:
        """Before every wait for events."""
        self._transport.settle()
        if bookings := self._transport.open_bookings:
            bookings.flush()
        super().on_poll_start()
        if self._transport.has_full_lane() and not self._transport.endings.wait():
            self._transport.settle()
            super().on_poll_start()

    def get(self, callback: Any, timeout: float | None = None) -> None:  # noqa: ANN401 - kombu's signature
        """One wait for events, for whoever has no event loop."""
        self._transport.settle()
        super().get(callback, timeout)

    def on_poll_init(self, poller: Any) -> None:  # noqa: ANN401 - kombu's signature
        """Once per connection."""
        self.poller = poller

    def maybe_restore_messages(self) -> None:
        """Every `unacked_restore_interval`."""
        bookings = self._transport.open_bookings
        if bookings is None:
            return
        self._transport.settle()
        try:
            bookings.beat()
        except (exceptions.RedisError, OSError) as error:
            # The lanes' own commands notice too, and what to do then is theirs.
            log.debug("bookings.no_sign_of_life", error=str(error))


class Transport(kombu_redis.Transport):
    """One connection's channels, lanes and bookings."""

    Channel = DividedChannel

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - kombu's signature
        super().__init__(*args, **kwargs)
        self.cycle = Poller(self)
        self.lanes: dict[str, Lane] = {}
        self.prefetch_count = 0
        self.open_bookings: Bookings | None = None
        self.endings = Endings()
        self._credits: dict[str, int] = {}
        self._leave_loop: Callable[[], object] = _nothing

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:  # noqa: ANN401 - kombu's signature
        """Let the loop turn this connection."""
        turning = _Turning(loop)
        super().register_with_event_loop(connection, turning)
        self.endings.wake_by(lambda: loop.call_soon(_nothing))

        def before_each_turn() -> None:
            self.cycle.on_poll_start()
            for descriptor in self.cycle.fds:
                if descriptor not in loop.readers:  # kombu tells the kernel of each of them with every turn
                    loop.add_reader(descriptor, self.on_readable, descriptor)

        loop.on_tick.add(before_each_turn)
        self._leave_loop = lambda: loop.on_tick.discard(before_each_turn)

    def lane(self, queue: str, *, opened_by: DividedChannel) -> Lane:
        """The lane of one of our queues."""
        assert opened_by.lanes is not None  # noqa: S101 - only channels that know of lanes open one
        if self.open_bookings is None:
            self.open_bookings = Bookings(opened_by._create_client(), opened_by.lanes)  # noqa: SLF001 - kombu's name
        if queue not in self.lanes:
            self.lanes[queue] = Lane(self, queue, self.open_bookings)
            self.channels.append(self.lanes[queue])
        return self.lanes[queue]

    def lane_of(self, consumer_tag: str) -> Lane | None:
        """The lane that has this consumer."""
        return next((lane for lane in self.lanes.values() if lane.serves(consumer_tag)), None)

    def settle(self) -> None:
        """Enter what ended into the lanes' books, and count what each may take until the next turn."""
        self.endings.settle()
        in_hand = {name: lane.qos.in_hand() for name, lane in self.lanes.items() if lane.active_queues}
        self._credits = {name: credit(self.lanes[name].lanes, name, in_hand, self.prefetch_count) for name in in_hand}

    def credit(self, queue: str) -> int:
        """How many more messages that queue's lane might take when they were last counted; 0 where it is not consumed.

        Whoever is asked so has one command under way, and gets its next one only after the next count.
        """
        return self._credits.get(queue, 0)

    def has_full_lane(self) -> bool:
        """Whether some lane waits for a message of its own, or of another, to end."""
        return 0 in self._credits.values()

    def close_connection(self, connection: Any) -> None:  # noqa: ANN401 - kombu's signature
        """Give back what is not finished, and close."""
        self._leave_loop()
        if self.open_bookings is not None:
            self.endings.settle()
            try:
                self.open_bookings.leave()
            except (exceptions.RedisError, OSError) as error:
                log.debug("bookings.not_given_back", error=str(error))
            self.open_bookings = None
        super().close_connection(connection)


class _Turning:
    """An event loop that takes everything over but what kombu would do at each of its turns."""

    def __init__(self, loop: Any) -> None:  # noqa: ANN401 - kombu's hub
        self._loop = loop
        self.on_tick: set[Any] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the hub has
        return getattr(self._loop, name)


def _nothing() -> None:
    """Stands for what wakes the event loop."""
