"""What a server was really asked to do by whoever speaks to it over TCP: commands with their keys, as MONITOR has them.

What scripts do is told apart, and told of whoever ran the script.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.deploy.guarded_broker import GuardedBroker

_TWO_WORDS = {"ACL", "CLIENT", "CONFIG", "MEMORY", "OBJECT", "PUBSUB", "SCRIPT", "XINFO"}


class Overheard:
    """A context manager: from its start to its end. `commands` and `in_scripts` count `name` or `name|subcommand`."""

    def __init__(self, broker: GuardedBroker) -> None:
        self._admin = broker.admin()
        listener: Any = broker.admin(socket_timeout=None)  # it listens however long nobody says anything
        self._monitor = listener.monitor()
        self.commands: Counter[str] = Counter()
        self.in_scripts: Counter[str] = Counter()
        self.asked: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._monitor.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.echo("that was all")
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server said nothing of the end"
        self._monitor.__exit__(kind, error, trace)
        self._admin.close()

    def _listen(self) -> None:
        over_tcp = False
        for heard in self._monitor.listen():
            asked = heard["command"]
            if asked == "ECHO that was all":
                return
            in_script = heard["client_type"] == "lua"
            if not in_script:
                over_tcp = heard["client_type"] == "tcp"
            if not over_tcp:
                continue
            name, _, rest = asked.partition(" ")
            name = name.lower()
            if name.upper() in _TWO_WORDS:
                second, _, rest = rest.partition(" ")
                name += "|" + second.lower()
            (self.in_scripts if in_script else self.commands)[name] += 1
            self.asked.append((name, rest.partition(" ")[0]))


@dataclass(frozen=True)
class Heard:
    """User → what its programs said, and what of it was refused."""

    by_user: Mapping[str, Overheard]
    refused: Mapping[str, list[Any]]
