"""The sandbox as an object: start, stop, set faults and read the books without going through HTTP."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from worker.dev.sandbox.connections import Listener
from worker.dev.sandbox.exchange import Exchange
from worker.dev.sandbox.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from worker.dev.sandbox.books import Call, Redemption, Where

Entry = TypeVar("Entry")

_ACCEPT_POLL = 0.02
_PROBE_PAUSE = 0.01


class Sandbox:
    """Both partner APIs on one port of this machine, on threads of this process.

    `port` 0 takes any free one. A stopped sandbox refuses connections; started again, it has the same port,
    books, faults and policy as before.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1", policy: Policy | None = None) -> None:
        self._address = (host, port)
        self._exchange = Exchange(policy or Policy())
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listens, and returns once connections are accepted. Raises OSError when the port is taken."""
        if self._listener is not None:
            return self
        self._exchange.stopping.clear()
        self._listener = Listener(self._address, self._exchange)
        self._address = (self._address[0], self._listener.server_address[1])
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_ACCEPT_POLL,), name="partner-sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuses new connections and ends all open ones, in the middle of an answer too."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self._listener = None
        self._exchange.stopping.set()
        listener.shutdown()
        listener.server_close()
        listener.hang_up()
        thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port; 0 before the first start when any was asked for."""
        return self._address[1]

    @property
    def url(self) -> str:
        """The sandbox's own URL, without a slash at the end."""
        return f"http://{self._address[0]}:{self.port}"

    @property
    def sovendus_url(self) -> str:
        """Sovendus' base URL, to which `/redeem/{trafficSourceNumber}` is appended."""
        return self.url

    @property
    def uniqodo_url(self) -> str:
        """Uniqodo's base URL, to which `/redeem/{apiKey}/{code}/{merchantId}` is appended."""
        return self.url

    def calls(self, **where: Unpack[Where]) -> list[Call]:
        """The calls received so far that pass the filter, in order of arrival."""
        return self._exchange.books.calls(**where)

    def redemptions(self, **where: Unpack[Where]) -> list[Redemption]:
        """What is booked so far and passes the filter, in order of the first booking."""
        return self._exchange.books.redemptions(**where)

    def doubled(self, **where: Unpack[Where]) -> list[Redemption]:
        """The redemptions that were booked more than once."""
        return [entry for entry in self.redemptions(**where) if entry.commits > 1]

    def wait_for_calls(self, count: int, within: float = 10.0, **where: Unpack[Where]) -> list[Call]:
        """The calls, once at least `count` have arrived. Raises TimeoutError after `within` seconds."""
        return _wait(lambda: self.calls(**where), count, within, "calls", where)

    def wait_for_redemptions(self, count: int, within: float = 10.0, **where: Unpack[Where]) -> list[Redemption]:
        """The redemptions, once at least `count` are booked. Raises TimeoutError after `within` seconds."""
        return _wait(lambda: self.redemptions(**where), count, within, "redemptions", where)

    def fail(self, fault: str, times: int | None = None, **where: Unpack[Where]) -> int:
        """Sets a standing fault, e.g. `503`, `+HANG`, `429@2`; see `FaultPlan.fail`."""
        return self._exchange.plan.fail(fault, times, **where)

    def mix(self, chances: Mapping[str, float], seed: int = 0, times: int | None = None, **where: Unpack[Where]) -> int:
        """Sets standing faults at random, e.g. `{"503": 0.1, "+HANG": 0.02}`; see `FaultPlan.mix`."""
        return self._exchange.plan.mix(chances, seed, times, **where)

    def clear_faults(self, **where: Unpack[Where]) -> None:
        """Clears the standing faults set with this filter or a narrower one; without a filter all."""
        self._exchange.plan.clear(**where)

    @property
    def policy(self) -> Policy:
        """Which accounts are accepted, and how refusals are worded."""
        return self._exchange.policy

    def configure(self, **changes: object) -> None:
        """Changes fields of the policy, e.g. `accepted_keys=["k1"]`. Raises PolicyError."""
        self._exchange.policy = self._exchange.policy.changed(changes)

    def reset(self) -> None:
        """Everything as at the start: books, faults, policy."""
        self._exchange.reset()


def _wait(read: Callable[[], list[Entry]], count: int, within: float, what: str, where: Where) -> list[Entry]:
    deadline = time.monotonic() + within
    while len(found := read()) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {count} {what} within {within:g} s; filter: {dict(where)}")
        time.sleep(_PROBE_PAUSE)
    return found
