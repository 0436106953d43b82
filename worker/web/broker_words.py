"""Why Redis does not take a write, in words that a stranger may read: no address, no login, no text of the server's."""

from __future__ import annotations

from typing import Final

from redis import exceptions

from tasks.persistence import is_denied

_BY_CLASS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.OutOfMemoryError, "Redis has no memory to spare"),
    (exceptions.ReadOnlyError, "Redis is a replica, or changes its master"),
    (exceptions.BusyLoadingError, "Redis is still loading its data"),
    (exceptions.AuthenticationError, "Redis refuses the door's login"),
    (exceptions.TimeoutError, "Redis does not answer"),
    (exceptions.ConnectionError, "Redis cannot be reached"),
    (OSError, "Redis cannot be reached"),
)
_BY_CODE: Final = {
    "MISCONF": "Redis cannot write to its disk",
    "NOREPLICAS": "Redis has too few replicas",
    "MASTERDOWN": "Redis is a replica that has lost its master",
    "BUSY": "Redis is busy with a script",
}


def why_refused(error: Exception) -> str:
    """A part of a sentence for a RedisError or OSError that a write has raised."""
    if is_denied(error):
        return "Redis does not allow the door's user that"
    if words := _BY_CODE.get(str(error).partition(" ")[0]):
        return words
    return next((words for kind, words in _BY_CLASS if isinstance(error, kind)), "Redis refuses it")
