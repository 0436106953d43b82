"""What each user must not be able to do, tried: the server refuses it, and what was there is still there."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from tests.deploy.guarded_broker import GuardedBroker
from tests.deploy.rights import RUNS

EVERYBODY = (
    "CONFIG SET maxmemory 1",
    "CONFIG GET *",
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "ACL LIST",
    "ACL SETUSER shop +@all",
    "SHUTDOWN NOSAVE",
    "MODULE LIST",
    "MONITOR",
    "SAVE",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "SCRIPT FLUSH",
    "FUNCTION FLUSH",
    "REPLICAOF NO ONE",
    "MIGRATE 127.0.0.1 1 orders 0 1",
    "SELECT 1",
    "SWAPDB 0 1",
    "DEL orders",
    "RPOP somebody:elses",
    "GET somebody:elses",
    "SET somebody:elses x",
    "DEL redeem:audit",
    "DEL redeem:redemption:sovendus:uk:1:SKD1",
)
"""For all but the eraser, who deletes."""
ERASERS = {"DEL redeem:audit", "DEL redeem:redemption:sovendus:uk:1:SKD1"}
SEE_THE_QUEUE = (
    *("LRANGE orders 0 -1", "LRANGE orders:5 0 -1", "LRANGE shop:orders 0 -1", "LINDEX orders 0", "LPOS orders x"),
    "LMOVE orders mine LEFT LEFT",
)
DRAIN_THE_QUEUE = (
    "RPOP orders",
    "RPOP orders:5",
    "LPOP orders",
    "LTRIM orders 1 0",
    "UNLINK orders",
    "RENAME orders mine",
)
RECORDS = (
    "HGETALL redeem:redemption:sovendus:uk:1:SKD1",
    "HSET redeem:redemption:sovendus:uk:1:SKD1 state redeemed",
    "ZRANGE redeem:dead 0 -1",
    "GET redeem:raw:1",
    "XRANGE redeem:outcomes - +",
)
REFUSED: dict[str, tuple[str, ...]] = {
    "shop": (
        *SEE_THE_QUEUE,
        *DRAIN_THE_QUEUE,
        *RECORDS,
        "SADD orders not-a-list",
        "LPUSH sovendus x",
        "LPUSH uniqodo x",
        "LPUSH redeem:dead x",
        "LLEN sovendus",
        "SMEMBERS _kombu.binding.orders",
        "EVAL",
        "EVALSHA 0 0",
        "SCRIPT LOAD return",
        "SCAN 0",
        "INFO",
        "PUBLISH /0.celery.pidbox x",
        "SUBSCRIBE /0.celery.pidbox",
        "PSUBSCRIBE *",
    ),
    "door": (
        *SEE_THE_QUEUE,
        *DRAIN_THE_QUEUE,
        "LPUSH orders x",
        "LRANGE sovendus 0 -1",
        "RPOP sovendus",
        "SET redeem:redemption:sovendus:uk:1:SKD1 x",
        "SET redeem:erased:1 x",
        "GET redeem:idempotency:1",
        "PERSIST redeem:idempotency:1",
        "ZRANGE redeem:dead 0 -1",
        "GET redeem:raw:1",
        "XRANGE redeem:outcomes - +",
        "XADD redeem:audit * who me",
        "EVAL",
        "SCAN 0",
        "PUBLISH /0.celery.pidbox x",
    ),
    "worker": (
        "XADD redeem:audit * who me",
        "XRANGE redeem:audit - +",
        "GET redeem:audit",
        "LTRIM orders 1 0",
        "DEL redeem:dead",
        "XTRIM redeem:outcomes MAXLEN 0",
        "SCAN 0",
        "PUBLISH somebody:elses x",
    ),
    "operator": (
        *SEE_THE_QUEUE,
        *DRAIN_THE_QUEUE,
        "XTRIM redeem:audit MAXLEN 0",
        "DEL redeem:dead",
        "EVAL",
    ),
    "eraser": ("LPUSH orders x", "RPOP orders", "EVAL", "ZADD redeem:dead 1 x", "PUBLISH /0.celery.pidbox x"),
    "flower": (
        *SEE_THE_QUEUE,
        *DRAIN_THE_QUEUE,
        "SCAN 0",
        "XTRIM redeem:audit MAXLEN 0",
        "DEL redeem:dead",
        "EVAL",
    ),
    "monitor": (
        *SEE_THE_QUEUE,
        *DRAIN_THE_QUEUE,
        "LPUSH orders x",
        "LPUSH sovendus x",
        "HSET redeem:redemption:sovendus:uk:1:SKD1 state redeemed",
        "HINCRBY redeem:tally:sovendus:uk redeemed 1",
        "ZADD redeem:dead 1 x",
        "XADD redeem:audit * who me",
        "GET redeem:raw:1",
        "EVAL",
        "PUBLISH /0.celery.pidbox x",
    ),
}


def obeys(client: Redis, command: str) -> bool:
    """Whether the server does that; fails where it is against it for another reason than the user's rights."""
    words = ["EVAL", "return 1", "0"] if command == "EVAL" else command.split(" ")
    anything: Any = client
    try:
        anything.execute_command(*words)
    except NoPermissionError:
        return False
    except ResponseError as error:
        pytest.fail(f"{command}: {error}")
    return True


@pytest.mark.parametrize("user", RUNS)
def test_what_a_user_must_not_do_is_refused(user: str, broker: GuardedBroker) -> None:
    common = [command for command in EVERYBODY if user != "eraser" or command not in ERASERS]
    with Redis.from_url(broker.url(user)) as client, broker.admin() as admin:
        admin.lpush("orders", "an order")
        admin.hset("redeem:redemption:sovendus:uk:1:SKD1", "state", "queued")
        before = admin.llen("orders")
        obeyed = [command for command in (*common, *REFUSED[user]) if obeys(client, command)]
        assert obeyed == []
        assert admin.llen("orders") == before
        assert admin.hget("redeem:redemption:sovendus:uk:1:SKD1", "state") == "queued"
        admin.delete("orders", "redeem:redemption:sovendus:uk:1:SKD1")


@pytest.mark.parametrize(
    ("user", "does_by_hand"),
    [
        ("shop", "return redis.call('LRANGE', 'orders', 0, -1)"),
        ("door", "return redis.call('LRANGE', 'orders', 0, -1)"),
        ("monitor", "return redis.call('HSET', 'redeem:tally:sovendus:uk', 'redeemed', 0)"),
        ("operator", "return redis.call('DEL', 'redeem:audit')"),
    ],
)
def test_a_script_may_do_no_more_than_its_user(user: str, does_by_hand: str, broker: GuardedBroker) -> None:
    with broker.admin() as admin, Redis.from_url(broker.url(user)) as client:
        sha = admin.script_load(does_by_hand)
        with pytest.raises((NoPermissionError, ResponseError), match=r"permission|can't (run|access)"):
            client.evalsha(sha, 0)


@pytest.mark.parametrize("login", ["", ":anything@", "admin:guess@", "shop:@"])
def test_nobody_comes_in_without_a_password(login: str, broker: GuardedBroker) -> None:
    url = broker.url("shop").partition("@")[2]
    with Redis.from_url(f"redis://{login}{url}") as client, pytest.raises((AuthenticationError, ResponseError)):
        client.ping()
