"""Celery's consumer, made to outlive its broker: back within a moment, and one line in the log for going and coming.

Celery tries again after 2, 4, … 30 seconds with a line for each. And it ends the worker when a connection that is
lost already fails once more while it is torn down, with an AttributeError of the remains.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog
from celery.exceptions import WorkerShutdown
from celery.platforms import EX_FAILURE
from celery.utils.threads import bound_open_broker_sockets  # type: ignore[attr-defined]  # newer than its stubs
from celery.worker.consumer import consumer
from celery.worker.state import maybe_shutdown
from kombu.exceptions import OperationalError
from kombu.transport.virtual import Channel
from redis.exceptions import RedisError
from typing_extensions import override

from config.settings import Settings
from tasks.persistence import is_denied
from tasks.runtime import runtime_of
from worker.delivery import handler
from worker.events import FLUSH_EVERY
from worker.remote_control import refuse_harmful_commands
from worker.transport.installations import OtherInstallationError, claim_queues
from worker.vital_signs import MAIN, VitalSigns

_SHORTEST_WAIT: Final = 0.2  # seconds between two tries
_LONGEST_WAIT: Final = 2.0
_LASTING: Final = 1.0  # seconds; what ends sooner has ended before it began
_TEAR_DOWN: Final = 5.0  # seconds that a dead socket may take of it

_ALONE: Final = {"without_mingle": True, "without_gossip": True}
"""Workers have nothing to tell each other: what mingling brings is other workers' revoked tasks, and a second's wait at
each start; gossip brings elections, whose winner publishes whatever task the sender of an event names."""

_Celerys: Any = consumer.Consumer  # its stubs know half of it

log = structlog.get_logger("redeem.consumer")


class Consumer(_Celerys):  # type: ignore[misc]  # as Celery's own
    """Set by `worker_consumer`. Marks the main thread's progress while it connects; the event loop's is a timer's."""

    class Blueprint(_Celerys.Blueprint):  # type: ignore[misc]  # as above
        """Takes an error of a closed channel for what it is: the connection is lost."""

        @override
        def start(self, parent: Consumer) -> None:
            try:
                super().start(parent)
            except parent.lost_by:
                raise
            except Exception as error:
                if not _of_closed_channel(error):
                    raise
                raise OperationalError(f"the connection was closed: {error!r}") from error

    connection: Any = None
    connection_errors: tuple[type[BaseException], ...]
    channel_errors: tuple[type[BaseException], ...]
    _away_since: float | None = None
    _queues_claimed = False

    def __init__(self, *args: Any, worker_options: Any = None, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own
        refuse_harmful_commands()
        super().__init__(*args, worker_options={**(worker_options or {}), **_ALONE}, **kwargs)
        # What kombu raises where it has tried for a while itself; Celery takes it for the end of the world.
        self.connection_errors = (*self.connection_errors, OperationalError)
        self._restart_state = _Pace(self._still_alive)  # instead of an outcry, and a second's sleep deaf to SIGTERM

    @property
    def signs(self) -> VitalSigns:
        """The worker's."""
        signs: VitalSigns = self.app.signs
        return signs

    @property
    def lost_by(self) -> tuple[type[BaseException], ...]:
        """The errors that `start` recovers from."""
        return (*self.connection_errors, *self.channel_errors)

    @override
    def ensure_connected(self, conn: Any) -> Any:
        def failed(error: Exception, _interval: float) -> None:
            self._away(error)

        self._still_alive()
        steps = {"interval_start": _SHORTEST_WAIT, "interval_step": _SHORTEST_WAIT, "interval_max": _LONGEST_WAIT}
        conn.ensure_connection(failed, None, callback=self._still_alive, **steps)
        self.first_connection_attempt = False
        if not self._queues_claimed:
            self._claim_queues()
        return conn

    def _claim_queues(self) -> None:
        """Once, before the first message is taken. Raises WorkerShutdown where they are another installation's."""
        settings: Settings = self.app.settings
        try:
            claim_queues(runtime_of(self.app).ledger.redis, settings.key_prefix, self._still_alive)
        except OtherInstallationError as error:
            log.critical("worker.refused", error=str(error))
            raise WorkerShutdown(EX_FAILURE) from error
        except RedisError as error:
            if not is_denied(error):
                raise OperationalError(str(error)) from error
            log.warning("worker.not_registered", error=f"{error}: load the current deploy/redis/users.acl")
        self._queues_claimed = True

    @override
    def on_connection_error_before_connected(self, exc: Exception) -> None:
        self._away(exc)

    @override
    def on_connection_error_after_connected(self, exc: Exception) -> None:
        self._away(exc)
        lost, self.connection = self.connection, None
        bound_open_broker_sockets(lost, _TEAR_DOWN)
        for close in (functools.partial(lost.collect, socket_timeout=_TEAR_DOWN), lost.close):
            self.signs.mark(MAIN)
            try:
                close()
            except Exception:
                # It is lost already, and what is left of it raises errors of all kinds.
                log.debug("broker.torn_down", exc_info=True)

    @override
    def on_ready(self) -> None:
        super().on_ready()
        if self._away_since is not None:
            log.info("broker.back", away_s=round(time.monotonic() - self._away_since, 1))
            self._away_since = None
        self.signs.consuming = True

    @override
    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return handler(self, super().create_task_handler(*args, **kwargs))

    @override
    def register_with_event_loop(self, hub: Any) -> None:
        super().register_with_event_loop(hub)
        hub.call_repeatedly(FLUSH_EVERY, self._flush_events)

    @override
    def shutdown(self) -> None:
        self._flush_events()  # the ends of what was in flight when the event loop stopped
        super().shutdown()

    def _still_alive(self) -> None:
        """Called at least once a second while the main thread waits. Raises SystemExit where a stop is asked for."""
        self.signs.mark(MAIN)
        maybe_shutdown()

    def _away(self, error: Exception) -> None:
        self.signs.consuming = False
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("broker.away", error=str(error) or repr(error))


class _Pace:
    """How soon to start over: at once, but after a start that did not last a growing while later."""

    def __init__(self, still_alive: Callable[[], None]) -> None:
        self._still_alive = still_alive
        self._last = float("-inf")
        self._wait = 0.0

    def step(self) -> None:
        """Wait as long as is due. Raises what `still_alive` raises."""
        lasted = time.monotonic() - self._last
        self._wait = 0.0 if lasted > _LASTING else min(max(self._wait * 2, _SHORTEST_WAIT), _LONGEST_WAIT)
        until = time.monotonic() + self._wait
        while (left := until - time.monotonic()) > 0:
            self._still_alive()
            time.sleep(min(left, 0.5))
        self._last = time.monotonic()


def _of_closed_channel(error: BaseException) -> bool:
    """Whether it was raised within a method of a channel that is closed, or whose connection is."""
    return any(_is_closed(frame.f_locals.get("self")) for frame in _frames(error))


def _frames(error: BaseException) -> Iterator[Any]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _is_closed(thing: Any) -> bool:  # noqa: ANN401 - any local variable
    if not isinstance(thing, Channel):
        return False
    channel: Any = thing
    return channel.closed or channel.connection is None or channel.connection.client is None
