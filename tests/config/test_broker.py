from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from config.broker import check_broker_url, kombu_url
from worker.dev.broker import server_binary


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://localhost/",
        "redis://user:p%40ss@[::1]:6379/15",
        "rediss://:pw@cache.example:6380/1?ssl_cert_reqs=required",
        "unix:///run/redis.sock?db=2",
        "unix://user@/run/redis.sock?db=2&password=pw",
        "unix:///run/redis.sock?db=2&username=user&password=pw",
    ],
)
def test_one_server_over_tcp_tls_or_a_socket_is_taken_as_it_is(url: str) -> None:
    assert check_broker_url(url) == url
    assert Redis.from_url(url).connection_pool is not None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("localhost:6379", "must begin with redis://"),
        ("amqp://SEKRET@localhost", "must begin with redis://"),
        ("memory://", "must begin with redis://"),
        ("redis+cluster://:SEKRET@localhost", "Redis Cluster cannot be used"),
        ("rediss-cluster://:SEKRET@localhost", "Redis Cluster cannot be used"),
        ("sentinel://:SEKRET@localhost:26379", "Sentinel cannot be used yet"),
        ("redis://:SEKRET@a,b:6379/0", "must name one host"),
        ("redis:///0", "must name one host"),
        ("redis://:SEKRET@localhost/zero", "must end with the number of a database"),
        ("redis://:SEKRET@localhost:port/0", "is no URL"),
        ("redis://[:SEKRET", "is no URL"),
        ("redis://:SEKRET@h/0?socket_timeout=5", "an option after the . that cannot stand there"),
        ("redis://:SEKRET@h/0?ssl_cert_reqs=none", "rediss:// takes ssl_"),
        ("rediss://h/0?password=SEKRET", "an option after the . that cannot stand there"),
        ("unix:///run/redis.sock?protocol=3", "unix:// takes db"),
        ("unix://", "must hold the socket's absolute path"),
    ],
)
def test_another_is_refused_without_repeating_it(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as caught:
        check_broker_url(url)
    assert "SEKRET" not in str(caught.value)


def test_over_tcp_kombu_takes_the_same_url() -> None:
    assert kombu_url("rediss://:pw@h/1?ssl_cert_reqs=none") == "rediss://:pw@h/1?ssl_cert_reqs=none"


@pytest.fixture
def socket(short_path: Path, tmp_path: Path) -> Iterator[Path]:
    """A Valkey that listens on a socket only, and asks for a password."""
    path = short_path / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--requirepass", "p/w", "--dir", str(tmp_path)]
    with subprocess.Popen([server_binary(), *options], stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        with Redis(unix_socket_path=str(path), password="p/w") as client:
            while not _answers(client):
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.01)
        yield path
        server.terminate()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@pytest.mark.parametrize(
    "login", ["unix://{}?db=3&password=p/w", "unix://{}?db=3&username=&password=p%2Fw", "unix://:p%2Fw@{}?db=3"]
)
def test_a_socket_is_the_same_database_for_redis_py_and_kombu(socket: Path, login: str) -> None:
    url = check_broker_url(login.format(socket))
    with Connection(kombu_url(url)) as connection, connection.SimpleQueue("q") as queue:
        queue.put({"hello": 1})
    with Redis.from_url(url) as client:
        assert client.llen("q") == 1
        assert client.connection_pool.connection_kwargs["db"] == 3
