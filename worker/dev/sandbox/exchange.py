"""One call from arrival to answer: enter it in the books, draw its faults, let the partner act, send."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from worker.dev.sandbox import misbehaviour, sovendus, uniqodo
from worker.dev.sandbox.books import Books, Call
from worker.dev.sandbox.fault_plan import FaultPlan
from worker.dev.sandbox.wire import Answer, Request, json_answer

if TYPE_CHECKING:
    import socket

    from worker.dev.sandbox.faults import Fault
    from worker.dev.sandbox.policy import Policy

_APIS = {("POST", "sovendus"): sovendus, ("GET", "uniqodo"): uniqodo}
_BY_METHOD = {method: api for (method, _), api in _APIS.items()}
_NO_SUCH_PLACE = json_answer(404, {"error": "Neither partner has this path; GET / explains the sandbox."})


class Exchange:
    """The state both partners share: books, faults, policy, and whether the sandbox is stopping."""

    def __init__(self, policy: Policy) -> None:
        self.books = Books()
        self.plan = FaultPlan()
        self.policy = policy
        self.first_policy = policy
        self.stopping = threading.Event()

    def reset(self) -> None:
        """Everything as at the start."""
        self.plan.reset()
        self.books.clear()
        self.policy = self.first_policy

    def serve(self, connection: socket.socket, client_port: int, request: Request) -> bool:
        """Answers a call to a partner; returns whether the connection stays usable.

        Raises OSError when the client has gone before its answer.
        """
        call = self._enter(request, client_port)
        met = self.plan.draw(call) if call.partner else []
        call.fault = " ".join(map(str, met)) or None
        final = next((fault for fault in met if fault.name != "SLOW"), None)
        self._wait(met, after_commit=False)
        if self.stopping.is_set():
            return False
        answer = self._act(call) if final is None or final.redeems else None
        self._wait(met, after_commit=True)
        shown = misbehaviour.compose(final, answer)
        call.status = shown.status if shown else None
        call.answered = time.monotonic()
        return misbehaviour.deliver(connection, final, shown, self.stopping)

    def _enter(self, request: Request, client_port: int) -> Call:
        call = Call(
            number=0,
            arrived=time.monotonic(),
            arrived_at=time.time(),
            client_port=client_port,
            method=request.method,
            path=request.path,
            headers=request.headers,
            body=request.body,
        )
        api = _BY_METHOD.get(request.method)
        if api is not None and request.path.startswith("/redeem/"):
            api.read(call)
        self.books.enter(call)
        return call

    def _act(self, call: Call) -> Answer:
        api = _APIS.get((call.method, call.partner or ""))
        return _NO_SUCH_PLACE if api is None else api.act(call, self.books, self.policy)

    def _wait(self, met: list[Fault], *, after_commit: bool) -> None:
        seconds = sum(
            fault.parameter or 0.0 for fault in met if fault.name == "SLOW" and fault.after_commit is after_commit
        )
        if seconds:
            self.stopping.wait(seconds)
