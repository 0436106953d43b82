"""Calling the ledger's scripts by the shortest way there is: one command over one of the client's own connections.

redis-py's own way to a script takes a third more of the processor, for what no script needs: metrics of each command,
and a look at the answer by the command's name.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

from tasks.ledger.scripts import texts


class ScriptCaller:
    """The scripts on the server of one client. Safe to share between threads."""

    def __init__(self, redis: Redis) -> None:
        self._pool: Any = redis.connection_pool  # what redis-py's types say of connections is not what they are

    def call(self, name: str, *arguments: str | int | bytes) -> Any:  # noqa: ANN401 - each script has its own shape
        """What the script of that name answers to these arguments.

        Raises redis.RedisError. Then it is open whether the script ran, unless the server said that it did not; the
        connection is closed, so that no answer that comes late is taken for another's.
        """
        connection = self._pool.get_connection()
        try:
            return connection.retry.call_with_retry(
                lambda: _call(connection, name, arguments), lambda _: connection.disconnect()
            )
        finally:
            self._pool.release(connection)


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
