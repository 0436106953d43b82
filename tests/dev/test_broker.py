from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.tools import REDIS
from worker.dev.broker import BrokerError, EmbeddedValkey
from worker.dev.directory_lock import DirectoryInUseError, DirectoryLock
from worker.dev.ports import free_port
from worker.dev.processes import left_behind, marked, stop_left_behind


def client(server: EmbeddedValkey) -> Redis:
    return Redis.from_url(server.url, decode_responses=True)


def test_runs_with_an_append_only_file_and_refuses_to_evict(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "with spaces, 100 % ü") as server, client(server) as redis:
        settings = redis.config_get("appendonly", "appendfsync", "maxmemory-policy", "save", "bind")
    assert settings == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "bind": "127.0.0.1",
    }


def test_data_outlives_an_ordinary_stop(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        redis.set("key", "kept")
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        assert redis.get("key") == "kept"


def test_data_outlives_a_kill(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        redis.set("key", "kept")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        assert redis.get("key") == "kept"


def test_is_up_only_once_its_data_is_loaded(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        for start in range(0, 400_000, 20_000):
            redis.eval("for i = ARGV[1], ARGV[1] + 19999 do redis.call('SET', i, i) end", 0, start)
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        assert redis.dbsize() == 400_000


def test_listens_on_the_given_port(tmp_path: Path) -> None:
    port = free_port()
    with EmbeddedValkey(tmp_path, port) as server:
        assert server.url == f"redis://127.0.0.1:{port}/0"


def test_a_taken_port_is_named_and_the_directory_is_free_again(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=f"port {valkey.port} is taken"):
        EmbeddedValkey(tmp_path, valkey.port).start()
    with DirectoryLock(tmp_path):
        pass


def test_a_second_server_on_the_same_data_is_refused_by_pid(valkey: EmbeddedValkey) -> None:
    with pytest.raises(DirectoryInUseError, match=f"already running, pid {os.getpid()}"):
        EmbeddedValkey(valkey.directory).start()
    with client(valkey) as redis:
        assert redis.ping()


def test_unreadable_data_is_explained_with_the_servers_own_words(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        redis.set("key", "value")
    (appended,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    appended.write_bytes(b"garbage\r\n" + appended.read_bytes())
    with pytest.raises(BrokerError, match="Bad file format reading the append only file"):
        EmbeddedValkey(tmp_path).start()


SERVERS = [
    pytest.param(None, id="valkey"),
    pytest.param(
        Path(REDIS or ""),
        id="redis-server",
        marks=pytest.mark.skipif(REDIS is None, reason="needs Debian's redis-server"),
    ),
]
Make = Callable[..., EmbeddedValkey]


@pytest.fixture(params=SERVERS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes servers on one directory; each that runs at the end is stopped."""
    made: list[EmbeddedValkey] = []

    def made_anew(**options: object) -> EmbeddedValkey:
        made.append(EmbeddedValkey(tmp_path, binary=request.param, **options))  # type: ignore[arg-type]
        return made[-1]

    yield made_anew
    for server in made:
        server.stop()


def fill(server: EmbeddedValkey) -> None:
    """Its disk is full in the middle of a command, and then has room again; what was accepted is 300 keys."""
    with client(server) as redis:
        redis.mset({f"before-{n}": "x\0y" for n in range(100)})
        broker_faults.rewrite(server)
        redis.mset({f"then-{n}": "\0" * n for n in range(100)})
        with broker_faults.disk_was_full(server, room=11):
            pass
        for n in range(100):
            redis.set(f"after-{n}", b"\0*1\r\n")


def kept(server: EmbeddedValkey) -> int:
    """How many of the 300 keys there are."""
    with client(server) as redis:
        return sum(len(list(redis.scan_iter(f"{when}-*"))) for when in ("before", "then", "after"))


def test_what_a_full_disk_has_done_to_the_file_is_mended_at_the_next_start_and_said(make: Make) -> None:
    said: list[str] = []
    server = make(say=said.append)
    server.start()
    fill(server)
    (damaged,) = broker_faults.files(server)
    as_it_was = damaged.read_bytes()
    assert b"\0" * 11 + b"*" in as_it_was, "there is no hole"
    broker_faults.kill(server)
    assert said == []
    server.revive()
    assert kept(server) == 300
    (line,) = said
    assert "11 NUL bytes taken out" in line
    copy = damaged.with_name(f"{damaged.name}.damaged-1")
    assert str(copy) in line
    assert copy.read_bytes() == as_it_was


def test_it_is_written_anew_by_itself_once_there_is_room_again(make: Make) -> None:
    said: list[str] = []
    server = make(say=said.append)
    server.start()
    server.heal()
    with client(server) as redis:
        assert redis.info("persistence")["aof_rewrites"] == 0
    fill(server)

    def is_healed() -> bool:
        server.heal()
        with client(server) as redis:
            now = redis.info("persistence")
        return now["aof_rewrites"] == 2 and not now["aof_rewrite_in_progress"]

    eventually(is_healed, what="the file written anew")
    server.heal()
    assert said == ["its disk was full; Valkey writes again, and its append-only file is written anew"]
    broker_faults.kill(server)
    server.revive()
    assert (kept(server), len(said)) == (300, 1)


def test_a_torn_tail_is_cut_off_as_ever(make: Make) -> None:
    server = make()
    server.start()
    with client(server) as redis:
        redis.set("kept", "1")
        redis.set("torn", "2")
    (file,) = broker_faults.files(server)
    eventually(lambda: file.read_bytes().endswith(b"torn\r\n$1\r\n2\r\n"))  # a busy disk takes it later
    broker_faults.kill(server)
    os.truncate(file, file.stat().st_size - 3)
    server.revive()
    with client(server) as redis:
        assert (redis.get("kept"), redis.get("torn")) == ("1", None)


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    server.start()
    pid = server.pid
    assert pid is not None
    server.stop()
    assert not psutil.pid_exists(pid)
    server.stop()


ABANDON = """
import os, pathlib, sys
from worker.dev.broker import EmbeddedValkey
server = EmbeddedValkey(pathlib.Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_server_left_by_a_killed_owner_is_shut_down_first(tmp_path: Path) -> None:
    owner = subprocess.run(
        [sys.executable, "-c", ABANDON, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False
    )
    orphan = psutil.Process(int(owner.stdout))
    assert [process.pid for process in left_behind(tmp_path)] == [orphan.pid]

    with EmbeddedValkey(tmp_path) as server, client(server) as redis:
        assert redis.ping()
        assert [process.pid for process in left_behind(tmp_path)] == [server.pid]


def test_only_processes_of_this_directory_are_stopped_and_the_deaf_are_killed(tmp_path: Path) -> None:
    deaf = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print(flush=True); time.sleep(60)"
    ours, others = tmp_path / "ours", tmp_path / "others"
    with (
        subprocess.Popen([sys.executable, "-c", deaf], env=marked(ours), stdout=subprocess.PIPE) as mine,
        subprocess.Popen([sys.executable, "-c", deaf], env=marked(others), stdout=subprocess.PIPE) as other,
    ):
        for process in (mine, other):
            assert process.stdout is not None
            process.stdout.readline()
        assert stop_left_behind(ours, grace=0.2) == 1
        assert (mine.poll(), other.poll()) == (-signal.SIGKILL, None)
        other.kill()


def test_a_machine_without_the_wheel_is_told_what_to_do(tmp_path: Path) -> None:
    script = (
        "import importlib.metadata as m\n"
        "def none(name): raise m.PackageNotFoundError(name)\n"
        "m.files = none\n"
        "from pathlib import Path\n"
        "from worker.dev.broker import BrokerError, EmbeddedValkey\n"
        "try: EmbeddedValkey(Path('d')).start()\n"
        "except BrokerError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True, cwd=tmp_path)
    assert "REDEEM_BROKER_URL" in told.stdout
