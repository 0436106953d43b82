"""What of Celery's and Flower's own environment and options reaches a running system: nothing that outranks ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import requests
from redis import Redis
from typing_extensions import override

from tasks.ledger import State
from tests.acceptance.kit import Shop, System, code, eventually, order
from tests.acceptance.kit.processes import Daemon
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_CELERY: Final = (sys.executable, "-m", "celery", "-A", "worker.app")
_SHOP: Final = Shop("framework", number="60801", api_key="key-of-framework")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """A broker that the frameworks' variables name, and nobody may come to."""
    with EmbeddedValkey(tmp_path_factory.mktemp("elsewhere")) as broker:
        yield broker


def foreign(elsewhere: EmbeddedValkey) -> dict[str, str]:
    url = elsewhere.url.replace("://", "://:s3cret-of-theirs@")
    return {
        **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"), url),
        **dict.fromkeys(("BROKER_URL", "CELERY_BROKER", "CELERY_RESULT_BACKEND", "RESULT_BACKEND"), url),
        **dict.fromkeys(("CELERY_CONFIG_MODULE", "CONFIG_MODULE", "DJANGO_SETTINGS_MODULE"), "no.such.module"),
        **dict.fromkeys(("CELERY_LOADER", "LOADER"), "no.such.loader:Loader"),
        "CELERY_WORKER_POOL": "prefork",
        "CELERY_WORKER_QUEUES": "theirs",
        "CELERY_WORKER_PURGE": "1",
        "CELERY_CUSTOM_WORKER_POOL": "no.such.pool:Pool",
        "WEB_CONCURRENCY": "many",
        "FORWARDED_ALLOW_IPS": "*",
    }


def test_variables_of_frameworks_do_not_outrank_settings(
    make_system: Callable[..., System], elsewhere: EmbeddedValkey
) -> None:
    system = make_system(_SHOP)
    system.environment |= foreign(elsewhere)
    waiting = system.send(order(_SHOP, "1", code("WAITED")))  # a purge would take it
    with system.worker() as worker, system.web() as web:
        assert requests.get(f"{web.url}/healthz", timeout=20).ok
        emitted = system.emit(order(_SHOP, "2", code("EMITTED")))
        sent = system.send(order(_SHOP, "3", code("SENT")))
        records = system.until_settled([*waiting, *emitted, *sent])
        assert {record.state for record in records} == {State.REDEEMED}

        (told,) = worker.entries("environment.not_heeded")
        assert {"BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_WORKER_POOL"} <= set(told["variables"])
        assert "Redeem goes by REDEEM_BROKER_URL" in told["error"]
        asked = celery(system, "inspect", "ping", "--timeout", "20", "--destination", worker.node)
        assert "pong" in asked.stdout, asked.stderr
        assert "redeem: not heeded in the environment: BROKER_URL, " in asked.stderr
        for said in (worker.said(), web.said(), asked.stdout, asked.stderr):
            assert "s3cret-of-theirs" not in said
            assert "Traceback" not in said
    with Redis.from_url(elsewhere.url) as theirs:
        assert theirs.dbsize() == 0
        assert theirs.info("stats")["total_connections_received"] < _LOOKING_IN


_LOOKING_IN: Final = 10  # connections of this test's own: its fixture's, and the one that counts


def celery(system: System, *arguments: str, globally: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*_CELERY, *globally, *arguments),
        capture_output=True,
        text=True,
        env=system.environment,
        cwd=system.directory,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize(
    ("globally", "said"),
    [
        (("-b", "redis://:s3cret-of-theirs@127.0.0.1:1/0"), "-b/--broker is another broker than REDEEM_BROKER_URL"),
        (("--config", "theirs"), "--config: Redeem is set by REDEEM_… settings only"),
    ],
)
def test_celerys_options_do_not_outrank_settings(
    make_system: Callable[..., System], globally: tuple[str, ...], said: str
) -> None:
    done = celery(make_system(_SHOP), "worker", globally=globally)
    assert done.returncode == 1
    assert f"redeem: {said}" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pool_of_processes_does_not_start(make_system: Callable[..., System]) -> None:
    done = celery(make_system(_SHOP), "worker", "-P", "prefork")
    assert done.returncode == 2
    assert "'prefork' cannot be used" in done.stderr


def test_a_log_file_and_a_level_are_heeded(make_system: Callable[..., System], tmp_path: Path) -> None:
    system = make_system(_SHOP, LOG_LEVEL="ERROR")
    log, moved = tmp_path / "of-worker.log", tmp_path / "of-worker.log.1"
    worker = system.worker("worker", "-f", "of-%n.log", "-l", "info")
    worker.launch()
    try:
        eventually(lambda: log.exists() and "worker@test ready." in log.read_text(), within=60, what="ready")
        log.rename(moved)  # as logrotate does
        ids = system.send(order(_SHOP, "10", code("LOGGED")))
        system.until_settled(ids)
        eventually(lambda: log.exists() and ids[0] in log.read_text(), what="the attempt in a new file")
        assert worker.stop() == 0
    finally:
        worker.kill()
    assert '"event"' not in worker.said()


def test_a_worker_in_the_background_logs_and_stops(make_system: Callable[..., System], tmp_path: Path) -> None:
    system = make_system(_SHOP)
    log, pid = tmp_path / "background.log", tmp_path / "background.pid"
    options = ("--hostname", "background@test", "-f", str(log), "--pidfile", str(pid))
    assert celery(system, "worker", "--detach", *options).returncode == 0
    eventually(lambda: log.exists() and "background@test ready." in log.read_text(), within=60, what="ready")
    asked = celery(system, "control", "shutdown", "--destination", "background@test")
    assert "Traceback" not in asked.stderr
    eventually(lambda: not pid.exists(), within=60, what="its end")


def test_a_log_file_that_cannot_be_written_stops_the_start(make_system: Callable[..., System], tmp_path: Path) -> None:
    done = celery(make_system(_SHOP), "worker", "-f", str(tmp_path / "nowhere" / "worker.log"))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "redeem: --logfile cannot be written: No such file or directory",
    )


class _BareFlower(Daemon):
    """`celery -A worker.app flower` without an option."""

    def __init__(self, environment: Mapping[str, str], log: Path, port: int) -> None:
        super().__init__((*_CELERY, "flower"), environment, log)
        self.url = f"http://{LOOPBACK}:{port}"

    @override
    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthcheck", timeout=5).ok
        except requests.ConnectionError:
            return False


def test_flower_goes_by_our_settings(make_system: Callable[..., System], tmp_path: Path) -> None:
    port = free_port()
    system = make_system(_SHOP, FLOWER__PORT=str(port), FLOWER__BASIC_AUTH="ann:s3cret")
    theirs = {
        "FLOWER_PORT": "tcp://10.0.0.7:5555",  # as Kubernetes sets it for a service called flower
        "FLOWER_BASIC_AUTH": "eve:eve",
        "FLOWER_AUTH": ".*",
        "FLOWER_CONF": str(tmp_path / "theirs.py"),
        "FLOWER_UNIX_SOCKET": str(tmp_path / "flower.sock"),
        "FLOWER_READ_ONLY": "true",
        "FLOWER_UNAUTHENTICATED_API": "true",
    }
    with _BareFlower(system.environment | theirs, tmp_path / "flower.log", port) as flower:
        assert requests.get(f"{flower.url}/overview", auth=("ann", "s3cret"), timeout=20).ok
        for auth in (None, ("eve", "eve")):
            for path in ("/overview", "/workers", "/api/workers"):
                answer = requests.get(flower.url + path, auth=auth, timeout=20, allow_redirects=False)
                assert answer.status_code == 401, path
        said = flower.said()
    assert (
        "redeem: not heeded in the environment: FLOWER_AUTH, FLOWER_BASIC_AUTH, FLOWER_CONF, FLOWER_PORT, "
        "FLOWER_READ_ONLY, FLOWER_UNIX_SOCKET; Redeem goes by REDEEM_FLOWER__BASIC_AUTH, REDEEM_FLOWER__PORT, "
        "REDEEM_FLOWER__READ_ONLY." in said
    )
    assert "eve:eve" not in said
