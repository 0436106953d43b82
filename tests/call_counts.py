"""How much a piece of code does, counted: the same on every machine, however busy."""

from __future__ import annotations

import gc
import socket
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

SOCKET_OPERATIONS = {"connect", "recv", "recv_into", "send", "sendall", "sendto", "settimeout", "setblocking"}


def counted(call: Callable[[], object]) -> tuple[int, Counter[str]]:
    """How many functions one call runs in this thread, and which operations on sockets.

    After a few that fill caches and pools.
    """
    functions, operations = 0, Counter[str]()

    def count(_frame: FrameType, event: str, called: object) -> None:
        nonlocal functions
        functions += event in ("call", "c_call")
        if event == "c_call" and isinstance(getattr(called, "__self__", None), socket.socket):
            operations[getattr(called, "__name__", "")] += 1

    for _ in range(3):
        call()
    gc.disable()  # finalizers of what others left behind are no part of it
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(None)
        gc.enable()
    return functions, Counter({name: count for name, count in operations.items() if name in SOCKET_OPERATIONS})
