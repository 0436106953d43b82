"""What `users.sh` makes, what a server makes of it, and what people read whose user may not do a thing."""

from __future__ import annotations

import hashlib
import stat
import subprocess
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoPermissionError

from tests.acceptance.kit import Shop, System, code, order
from tests.deploy.guarded_broker import REDIS, GuardedBroker, make_users
from tests.deploy.rights import RUNS

UK = Shop("uk", number="4711", api_key="key-of-uk")


def test_each_user_has_a_password_of_its_own_which_stays(tmp_path: Path) -> None:
    make_users(tmp_path)
    first = {path.stem: path.read_text() for path in tmp_path.glob("*.password")}
    assert first.keys() == RUNS.keys() | {"admin"}
    assert len(set(first.values())) == len(first)
    assert min(map(len, first.values())) == 64
    (tmp_path / "shop.password").unlink()
    make_users(tmp_path)
    second = {path.stem: path.read_text() for path in tmp_path.glob("*.password")}
    assert {user for user in first if first[user] != second[user]} == {"shop"}
    made = (tmp_path / "users.acl").read_text()
    for user, password in second.items():
        assert f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} " in made
        assert password not in made
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_template_itself_lets_no_server_start() -> None:
    text = (REDIS / "users.acl").read_text()
    assert text.startswith("#")  # which no ACL file may
    assert "nopass" not in text
    assert text.count("@PASSWORD@") == len(RUNS) + 1


@pytest.mark.parametrize("words", [(), ("-p", "a b", "."), ("-d", "x", "."), ("/not/there",), ("-x", ".")])
def test_what_it_cannot_do_it_says(words: tuple[str, ...]) -> None:
    done = subprocess.run(["sh", str(REDIS / "users.sh"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_another_prefix_and_another_database(tmp_path: Path) -> None:
    """Under a prefix a door writes its own keys, and those of another installation it cannot."""
    with GuardedBroker(tmp_path, "-p", "acme", "-d", "3") as broker:
        url = broker.url("door").removesuffix("/0") + "/3"
        with System(url, "http://127.0.0.1:1", [UK], tmp_path, {"KEY_PREFIX": "acme"}) as system:
            assert system.emit(order(UK, "1", code("SKD1"))) == ["sovendus:uk:1:SKD1"]
        with Redis.from_url(url) as client, pytest.raises(NoPermissionError):
            client.hset("redeem:redemption:sovendus:uk:1:SKD1", "state", "redeemed")
        with broker.admin() as admin:
            admin.select(3)
            assert admin.exists("acme:redemption:sovendus:uk:1:SKD1")
            assert not list(admin.scan_iter("redeem:*"))


def test_people_are_told_which_user_may_not_what(broker: GuardedBroker, tmp_path: Path) -> None:
    with System(broker.url("shop"), "http://127.0.0.1:1", [UK], tmp_path, {}) as shop:
        *said, checked = shop.redeem_each(["status"], ["dead", "list"], ["pause", "--all"], ["check"])
    for one in said:
        assert one.startswith('Error: the broker does not allow its user "shop" that: '), one
        assert one.count("\n") == 1
    assert 'does not allow its user "shop"' in checked
    assert "check is for the users operator and monitor" in checked


def test_the_configuration_does_what_it_says(broker: GuardedBroker) -> None:
    with broker.admin() as admin:
        told = admin.config_get("*")
    wanted = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "maxmemory": str(2 * 1024**3),
        "timeout": "0",
        "tcp-keepalive": "60",
        "protected-mode": "yes",
    }
    assert {name: told[name] for name in wanted} == wanted


def test_with_its_tls_lines_uncommented_it_speaks_tls_only(tmp_path: Path) -> None:
    with (
        GuardedBroker(tmp_path, tls=True) as broker,
        System(broker.url("operator"), "http://127.0.0.1:1", [UK], tmp_path, {}) as operator,
        System(broker.url("worker"), "http://127.0.0.1:1", [UK], tmp_path, {}).worker() as worker,
    ):
        assert {row["level"] for row in operator.redeem_json("check") if row["subject"].startswith("broker")} == {"ok"}
        assert worker.exit_code() is None
        plain = broker.url("operator").replace("rediss:", "redis:").partition("?")[0]
        with Redis.from_url(plain) as client, pytest.raises(NoConnection):
            client.ping()
