from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.complaints import SettingsError
from worker.dev.ports import free_port
from worker.dev.stack.demo_shop import TOKEN, demo_shop
from worker.dev.stack.up_env import write_up_env
from worker.dev.stack.wishes import PortTakenError, port_for, read_configured

BROKER = "redis://127.0.0.1:6379/0"


def test_a_bare_machine_has_neither_broker_nor_shop(tmp_path: Path) -> None:
    configured = read_configured({}, tmp_path)
    assert (configured.has_broker, configured.has_flower_port, dict(configured.settings.shops)) == (False, False, {})


@pytest.mark.parametrize("source", ["environment", ".env", "redeem.toml"])
def test_a_broker_may_be_set_anywhere(tmp_path: Path, source: str) -> None:
    environ = {}
    if source == "environment":
        environ["REDEEM_BROKER_URL"] = BROKER
    elif source == ".env":
        (tmp_path / source).write_text(f"REDEEM_BROKER_URL={BROKER}\n")
    else:
        (tmp_path / source).write_text(f'broker_url = "{BROKER}"\n[flower]\nport = 5556\n')
    configured = read_configured(environ, tmp_path)
    assert configured.has_broker
    assert configured.settings.broker_url.get_secret_value() == BROKER
    assert configured.has_flower_port == (source == "redeem.toml")


def test_another_stack_that_runs_here_is_not_taken_for_settings(tmp_path: Path) -> None:
    (tmp_path / ".redeem").mkdir()
    write_up_env(tmp_path / ".redeem", {"REDEEM_BROKER_URL": BROKER, **demo_shop("http://127.0.0.1:8099")})
    configured = read_configured({}, tmp_path)
    assert not configured.has_broker
    assert not configured.settings.shops


def test_the_demo_shop_is_a_shop_with_both_partners(tmp_path: Path) -> None:
    configured = read_configured(demo_shop("http://127.0.0.1:8099"), tmp_path)
    shop = configured.settings.shops["demo"]
    assert shop.account("sovendus")
    assert shop.account("uniqodo")
    assert shop.tokens == (TOKEN,)
    assert configured.settings.endpoint("uniqodo").base_url == "http://127.0.0.1:8099"


def test_wrong_settings_are_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REDEEM_RETRY__BASE"):
        read_configured({"REDEEM_RETRY__BASE": "soon"}, tmp_path)


def test_a_taken_port_that_was_asked_for_is_an_error_and_the_usual_one_gives_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port}, asked for Flower, is taken"):
            port_for("Flower", port, 5555)
        assert port_for("Flower", None, port) not in (0, port)


def test_a_free_port_is_taken_as_asked_or_usual() -> None:
    port = free_port()
    assert port_for("Flower", port, 1) == port
    assert port_for("Flower", None, port) == port
