"""Celery messages as the page writes them, from Python, PHP and Node: under the user `shop`, in clear and over TLS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest

from tasks.messages.envelope import read_with_care
from tasks.orders import hash_email
from tests.acceptance.kit import eventually
from tests.deploy.guarded_broker import CERTIFICATE, GuardedBroker
from tests.producers.house import House, Told
from tests.producers.page import paste
from tests.producers.programs import node, php, python, run
from worker.dev.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

WAYS: Final[dict[str, Callable[[Path, str], tuple[str, ...]]]] = {
    "redeem_celery.py": lambda directory, order: python(
        directory, "import json, sys, redeem_celery\nredeem_celery.redeem(json.loads(sys.argv[1]))", order
    ),
    "redeem_celery.php": lambda directory, order: php(
        directory,
        "require 'redeem_celery.php'; redeem_celery(json_decode($argv[1], true));",
        order,
        extension="redis",
        ini={"openssl.cafile": str(CERTIFICATE)},
    ),
    "redeem_celery.mjs": lambda directory, order: node(
        directory,
        'import { redeemByCelery } from "./redeem_celery.mjs";\nawait redeemByCelery(JSON.parse(process.argv[2]));',
        order,
    ),
}
ADDRESS: Final = "Jäne+1@example.com"


def variables(url: str) -> dict[str, str]:
    """What the three read, of one broker."""
    password, _, place = url.partition("shop:")[2].partition("@")
    return {
        "REDEEM_BROKER_URL": url,
        "NODE_EXTRA_CA_CERTS": str(CERTIFICATE),
        "REDIS_HOST": f"tls://{LOOPBACK}" if url.startswith("rediss:") else LOOPBACK,
        "REDIS_PORT": place.partition(":")[2].partition("/")[0],
        "REDIS_PASSWORD": password,
    }


def order(order_id: str) -> dict[str, object]:
    uniqodo = {"code": f"UQ/{order_id}+é", "validation_key": "f458", "discount": "5"}
    value = {"order_value": "49.90", "currency": "GBP"}
    return {"order_id": order_id, "shop": "uk", **value, "coupons": [{"code": "SKD1"}, uniqodo], "email": ADDRESS}


def push(way: str, directory: Path, url: str, event: object) -> subprocess.CompletedProcess[str]:
    paste(directory, way)
    return run(WAYS[way](directory, json.dumps(event)), directory, variables(url))


@pytest.mark.parametrize("way", WAYS)
def test_an_order_is_reported_by_the_worker_that_takes_it(
    way: str, house: House, guarded: GuardedBroker, order_id: str, tmp_path: Path
) -> None:
    ended = push(way, tmp_path, guarded.url("shop"), order(order_id))
    assert ended.returncode == 0, ended.stderr
    assert house.reported(order_id, 2) == {
        ("sovendus", "SKD1"): Told("49.90", "GBP", hash_email(ADDRESS)),
        ("uniqodo", f"UQ/{order_id}+é"): Told("49.90", "GBP", key="f458", discount="5.00"),
    }


def test_what_is_not_valid_becomes_a_dead_letter_and_no_error_to_the_sender(
    house: House, guarded: GuardedBroker, order_id: str, tmp_path: Path
) -> None:
    ended = push("redeem_celery.php", tmp_path, guarded.url("shop"), {**order(order_id), "order_value": 49.9})
    assert ended.returncode == 0, ended.stderr
    eventually(lambda: house.reasons(order_id) == ["invalid_event"], what=f"{order_id} a dead letter")


@pytest.mark.parametrize("way", WAYS)
def test_who_is_not_let_in_or_reaches_nobody_is_told(
    way: str, guarded: GuardedBroker, order_id: str, tmp_path: Path
) -> None:
    url, password = guarded.url("shop"), guarded.password("shop")
    refused = push(way, tmp_path, url.replace(password, "wrong"), order(order_id))
    assert refused.returncode != 0, refused.stdout
    away = push(way, tmp_path, re.sub(r":\d+/", f":{free_port()}/", url), order(order_id))
    assert away.returncode != 0, away.stdout
    assert ADDRESS not in refused.stderr + away.stderr


def test_all_of_them_speak_tls(tmp_path: Path) -> None:
    with GuardedBroker(tmp_path, tls=True) as broker:
        for way in WAYS:
            ended = push(way, tmp_path, broker.url("shop"), order(way))
            assert ended.returncode == 0, ended.stderr
        with broker.admin() as admin:
            lying = [json.loads(one) for one in admin.lrange("orders", 0, -1)]
    for one in lying:
        read_with_care(json.dumps(one).encode(), queue="orders", known={"orders.completed"})
    assert len(lying) == len(WAYS)
