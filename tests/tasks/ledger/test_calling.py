"""A thread keeps its connection to the ledger, and would not notice."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import TimeoutError as Late

from tasks.kernel_timed import KernelTimedConnection
from tasks.ledger.calling import ScriptCaller


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_says_nothing_is_late_and_not_lost(deaf: int) -> None:
    connection = KernelTimedConnection(host="127.0.0.1", port=deaf, socket_timeout=0.05, retry=None)
    with pytest.raises(Late, match="Timeout reading from 127"):
        connection.connect()


def test_the_kernel_keeps_the_timeout(redis: Redis) -> None:
    connection = KernelTimedConnection(**_address(redis), socket_timeout=0.05, retry=None)
    connection.connect()
    connection.send_command("BLPOP", "nothing", "30")
    with pytest.raises(Late):
        connection.read_response()
    assert not connection.is_connected


def test_a_connection_that_the_server_closed_is_mended_unnoticed(redis: Redis) -> None:
    caller = ScriptCaller(redis)
    before = _own_id(caller)
    redis.client_kill_filter(_id=str(before))
    _look(caller)
    assert _own_id(caller) != before


def test_threads_that_come_and_go_share_their_connections(redis: Redis) -> None:
    caller = ScriptCaller(redis)
    others = _ids(redis)
    for _ in range(5):
        thread = threading.Thread(target=_look, args=(caller,))
        thread.start()
        thread.join()
    assert len(_ids(redis) - others) <= 1


def test_a_child_speaks_over_a_connection_of_its_own(redis: Redis) -> None:
    caller = ScriptCaller(redis)
    _look(caller)
    parents = _own_id(caller)
    child = os.fork()
    if not child:
        try:
            _look(caller)
            os._exit(0 if _own_id(caller) != parents else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert _own_id(caller) == parents


def _look(caller: ScriptCaller) -> None:
    assert caller.call("release", "redeem", "no:such:ONE", "", "") == 0


def _own_id(caller: ScriptCaller) -> int:
    _look(caller)
    connection = caller._thread.kept.connection  # noqa: SLF001 - whose it is cannot be seen from outside
    connection.send_command("CLIENT", "ID")
    return int(connection.read_response())


def _address(redis: Redis) -> dict[str, Any]:
    known = redis.connection_pool.connection_kwargs
    return {"host": known["host"], "port": known["port"]}


def _ids(redis: Redis) -> set[str]:
    return {client["id"] for client in redis.client_list()}
