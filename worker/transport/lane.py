"""A queue's own channel: looks without taking, takes and books in one step, and reads before it trusts.

The look, `BLMOVE queue queue RIGHT RIGHT`, blocks until the list has an element, and leaves it there. Then one script
takes as many as the lane has credit for; while there may be more it takes without looking. kombu's poller drives it
all as if it were BRPOP: it knows of one command under way per channel, and that is all there ever is.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis import exceptions

from tasks.messages.arrival import read_arrival
from tasks.messages.bad_message import BadMessage
from worker.transport.connected import ConnectedChannel
from worker.transport.delivered import Delivered
from worker.transport.in_hand import InHand
from worker.transport.taking import Take

if TYPE_CHECKING:
    from worker.transport.bookings import Bookings
    from worker.transport.lanes import Lanes

_LOOK_FOR: Final = 1  # seconds
_REST_WHEN_FULL: Final = 0.2  # seconds between takes while Redis refuses the look, for want of memory
_FULL_FOR: Final = 10.0  # seconds until the look is tried again
_FIRST_PAUSE: Final = 0.16  # seconds; after another worker was faster, which then takes the next ones too
_LONGEST_PAUSE: Final = 0.32  # where it was faster twice in a row, or more often
_REST_WHEN_TROUBLED: Final = 1.0  # seconds after an error that may pass

log = structlog.get_logger("redeem.transport")


class Lane(ConnectedChannel):
    """The channel of one of our queues."""

    QoS = InHand
    Message = Delivered
    lanes: Lanes

    def __init__(self, transport: Any, queue: str, bookings: Bookings) -> None:  # noqa: ANN401 - imports this module
        # Kept here too: what is in hand ends after its connection was closed, and then says so to nobody.
        self.bookings = bookings
        self._endings = transport.endings  # likewise
        self._queue = queue
        self._asked = ""
        self._more = True
        self._saw_one = False  # the last look did, so that a take which finds nothing came too late
        self._too_late = 0  # how often in a row
        self._pause = 0.0
        self._full_until = 0.0
        self._trouble: exceptions.ResponseError | None = None
        self._take = Take(queue)
        super().__init__(transport)

    @property
    def active_queues(self) -> list[str]:
        """The queue, while it is consumed; asked for several times at each turn of the event loop."""
        return self._active_queues  # type: ignore[no-any-return]  # kombu has no types

    def credit(self) -> int:
        """How many more messages it may take."""
        return self.connection.credit(self._queue)  # type: ignore[no-any-return]  # kombu has no types

    def ended_soon(self, tag: str, requeue: bool) -> None:  # noqa: FBT001 - in a hurry
        """A message is done with, or wanted back: to be said from any thread; the event loop hears of it."""
        self._endings.add(self.qos, tag, requeue)

    def serves(self, consumer_tag: str) -> bool:
        """Whether the consumer is this lane's."""
        return consumer_tag in self._consumers

    def basic_cancel(self, consumer_tag: str) -> None:
        """Take no more, and give back at once what a take under way brings."""
        super().basic_cancel(consumer_tag)
        if self._in_poll and self._asked == "take":
            self._brpop_read()
        self.bookings.give_back_refused()

    def close(self) -> None:
        """Close without waiting for what is under way: a look takes nothing, and what a take took is booked."""
        if self._in_poll:
            self.client.connection.disconnect()
        super().close()

    def _brpop_start(self, timeout: float | None = None) -> None:  # noqa: ARG002 - kombu's signature
        connection = self.client.connection
        self._in_poll = connection
        self._brpop_sent_at = monotonic()
        self._asked, command = self._next_command()
        connection.send_command(*command)

    def _next_command(self) -> tuple[str, tuple[Any, ...]]:
        if self._trouble:
            return "rest", self._rest(_REST_WHEN_TROUBLED)
        if self._more:
            return "take", self._take.command(self.bookings, self.lanes.key_prefix, self.credit())
        if monotonic() < self._full_until:
            return "rest", self._rest(_REST_WHEN_FULL)
        if self._pause:
            pause, self._pause = self._pause, 0.0
            return "pause", self._rest(pause)
        return "look", ("BLMOVE", self._queue, self._queue, "RIGHT", "RIGHT", _LOOK_FOR)

    def _rest(self, seconds: float) -> tuple[Any, ...]:
        # Waiting on the server keeps to the one command that the poller knows of. Of all that blocks only XREAD writes
        # nothing, so it is refused neither for want of memory nor by a replica.
        return ("XREAD", "BLOCK", int(seconds * 1000), "STREAMS", f"{self.lanes.key_prefix}nothing", "0")

    def _brpop_read(self, **_: Any) -> None:  # noqa: ANN401 - kombu's signature
        asked = self._asked
        try:
            # The label is no command's name, so that redis-py hands the answer over as it came.
            answer = self.client.parse_response(self.client.connection, asked)
        except exceptions.ResponseError as error:
            self._refused(asked, error)
            return
        except self.connection_errors:
            self.client.connection.disconnect()
            raise
        finally:
            self._in_poll = None
        if asked == "take":
            self._taken(answer)
        elif asked == "rest":
            self._rested()
        elif asked == "look":
            self._saw_one = bool(answer)
            self._more = True  # messages with a priority lie in lists that the look does not see: taking finds them

    def _rested(self) -> None:
        trouble, self._trouble, self._more = self._trouble, None, True
        if isinstance(trouble, exceptions.ReadOnlyError):
            raise trouble  # a failover: a new connection finds the new primary

    def _refused(self, asked: str, error: exceptions.ResponseError) -> None:
        if asked == "take":
            self._take.failed(error)
        if isinstance(error, exceptions.NoScriptError):
            return  # sent whole the next time
        if isinstance(error, exceptions.OutOfMemoryError) and asked == "look":
            self._full_until, self._more = monotonic() + _FULL_FOR, True
            return
        log.warning("queue.troubled", queue=self._queue, error=str(error))
        self._trouble = error

    def _taken(self, answer: list[bytes]) -> None:
        found = self._take.answered(answer)
        self._more = self._take.may_have_left_some(found)
        self._note_race(lost=self._saw_one and not found)
        for tag, raw in found:
            if self._queue in self.active_queues:
                self._read_and_deliver(tag, raw)
            else:
                self.bookings.refuse(tag)  # cancelled while it was under way

    def _note_race(self, *, lost: bool) -> None:
        """A look wakes all workers for one message: while another one is faster every time, look less often."""
        self._too_late = self._too_late + 1 if lost else 0
        self._pause = (_FIRST_PAUSE if self._too_late == 1 else _LONGEST_PAUSE) if lost else 0.0
        self._saw_one = False

    def _read_and_deliver(self, tag: str, raw: bytes) -> None:
        try:
            arrival = read_arrival(raw, queue=self._queue, known=self.lanes.tasks)
        except BadMessage as error:
            self.bookings.bury(tag, raw, self._queue, error)
            return
        try:
            self.connection._deliver((arrival, tag, raw), self._queue)  # noqa: SLF001 - as kombu's own channel does
        except self.connection_errors:
            raise
        except Exception:
            # Nobody knows how to get here. It is not lost, and not silent: it comes again every few seconds.
            log.exception("message.not_delivered", queue=self._queue)
            self.qos.reject(tag, requeue=True)
