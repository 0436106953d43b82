"""Calling the ledger's scripts by the shortest way there is: one command over a connection that the thread keeps.

redis-py's own way to a script takes a third more of the processor, for what no script needs: metrics of each command,
and a look at the answer by the command's name. To take a connection out of its pool and put it back costs a tenth of
all that a worker does.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as Late

from tasks.ledger.scripts import texts


class ScriptCaller:
    """The scripts on the server of one client. Safe to share between threads."""

    def __init__(self, redis: Redis) -> None:
        self._pool: Any = redis.connection_pool  # what redis-py's types say of connections is not what they are
        self._thread = threading.local()

    def call(self, name: str, *arguments: str | int | bytes) -> Any:  # noqa: ANN401 - each script has its own shape
        """What the script of that name answers to these arguments.

        Raises redis.RedisError. Then it is open whether the script ran, unless the server said that it did not; the
        connection is closed, so that no answer that comes late is taken for another's.
        """
        return self._use(_call, name, arguments)

    def ping(self) -> None:
        """Ask whether the server takes commands, over the connection that the thread's last script went over.

        Raises as `call`.
        """
        self._use(_ask, "PING")

    def _use(self, ask: Callable[..., Any], *words: Any) -> Any:  # noqa: ANN401 - as above
        kept: _Kept | None = getattr(self._thread, "kept", None)
        if kept is not None and kept.is_usable():
            try:
                return ask(kept.connection, *words)
            except (Lost, Late):
                pass  # of a server that has gone meanwhile: from the pool comes one that was looked at
        return self._use_anew(ask, words)

    def _use_anew(self, ask: Callable[..., Any], words: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as above
        self._thread.kept = None  # goes back first, so that it is the one that is mended
        connection = self._pool.get_connection()
        self._thread.kept = _Kept(self._pool, connection)
        return connection.retry.call_with_retry(lambda: ask(connection, *words), lambda _: connection.disconnect())


class _Kept:
    """A thread's connection. It goes back to its pool when the thread ends."""

    def __init__(self, pool: Any, connection: Any) -> None:  # noqa: ANN401 - as in ScriptCaller
        self.connection = connection
        self._pool = pool
        self._pid = os.getpid()

    def is_usable(self) -> bool:
        """Whether it is open, and this process's own: a child must not speak over its parent's."""
        connection = self.connection
        return connection.is_connected and self._pid == os.getpid() and not connection.should_reconnect()

    def __del__(self) -> None:
        self._pool.release(self.connection)


def _call(connection: Any, name: str, arguments: tuple[str | int | bytes, ...]) -> Any:  # noqa: ANN401 - as above
    text, sha = _script(name)
    try:
        return _ask(connection, "EVALSHA", sha, 0, *arguments)
    except NoScriptError:
        _ask(connection, "SCRIPT LOAD", text)
        return _ask(connection, "EVALSHA", sha, 0, *arguments)


def _ask(connection: Any, *command: str | int | bytes) -> Any:  # noqa: ANN401 - as above
    try:
        connection.send_packed_command(connection.pack_command(*command))
        return connection.read_response()
    except ResponseError:
        raise  # an answer too, and read to its end
    except BaseException:
        connection.disconnect()
        raise


@cache
def _script(name: str) -> tuple[str, str]:
    """Its text, and the name that the server gives it."""
    text = texts()[name]
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
