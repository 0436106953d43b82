"""The whole work of each user, with the real programs: what its rights are measured by."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from tests.acceptance.conftest import FAST
from tests.acceptance.kit import FlowerProcess, Shop, System, code, eventually, order
from tests.acceptance.kit.producer import BareProducer
from tests.deploy.guarded_broker import GuardedBroker
from tests.deploy.overhearing import Overheard
from tests.ports import lasting_port
from tests.web.conftest import SHOPS, Served, event
from worker.relay.ddl import ddl

UK: Final = Shop("uk", number="4711", api_key="key-of-uk")
SENT: Final = "sovendus:uk:1:SKD1"
PRIORITY: Final = "sovendus:uk:11:SKD11"
DEAD: Final = "uniqodo:uk:6:EXPIRED-1"
CLOSED: Final = "uniqodo:uk:6:EXPIRED-2"
CUSTOMER: Final = "jane@example.com"


@dataclass(frozen=True)
class Stage:
    """A guarded broker, the partners, and where logs go."""

    broker: GuardedBroker
    partners_url: str
    directory: Path

    def system(self, user: str, **settings: str) -> System:
        """An installation that logs in as that user; "admin" goes over the socket, where nobody listens."""
        url = self.broker.admin_url if user == "admin" else self.broker.url(user)
        return System(url, self.partners_url, [UK], self.directory, FAST | settings)


def shop(on: Stage, heard: Overheard) -> None:
    """Send orders, with and without a priority."""
    with BareProducer(on.broker.url("shop"), {"broker_transport_options": {"socket_timeout": 5}}) as celery:
        celery.send([order(UK, "1", code("SKD1"))])
        celery.send([order(UK, "2", code("SKD2"))], priority=5)
    ten = {"broker_transport_options": {"priority_steps": list(range(10)), "sep": ":"}}
    with BareProducer(on.broker.url("shop"), ten) as celery:
        celery.send([order(UK, "11", code("SKD11"))], priority=7)
    assert heard.commands["lpush"] == 3


def door(on: Stage, heard: Overheard) -> None:
    """All ways in: emit what is new, what is known with another content, and what cannot be routed; serve; relay."""
    new = order(UK, "3", code("SKD3"), code("AB12", "uniqodo"))
    strange = {**order(UK, "4", code("SKD4")), "shop": "fr"}
    rejected = order(UK, "6", code("EXPIRED-1", "uniqodo"), code("EXPIRED-2", "uniqodo"), email=CUSTOMER)
    late = order(UK, "7", code("SKD-503X1"))
    assert on.system("door").emit(new, {**new, "order_value": "1.00"}, strange, rejected, late)
    assert heard.in_scripts["hset"]
    _serve(on)
    _relay(on)


def _serve(on: Stage) -> None:
    """An order, and the same again, by its key; a webhook that is none; what became of it; whether it is ready."""
    with Served(on.broker.url("door"), on.directory, SHOPS) as web:
        taken = {web.post("/orders", event("8"), headers={"Idempotency-Key": "8"}).status_code for _ in range(2)}
        kept = web.post("/webhooks/uk/woocommerce", {"id": 9}).json()["dead_letter"]
        told = {web.get(path).status_code for path in ("/readyz", "/redemptions/sovendus:uk:8:SKD1")}
        assert (taken, bool(kept), told) == ({202}, True, {200})


def _relay(on: Stage) -> None:
    """A row is handed in, and looked at again."""
    file = on.directory / "erp.db"
    with closing(sqlite3.connect(file)) as erp, erp:
        erp.executescript(ddl("sqlite"))
        erp.execute("INSERT INTO redemption_outbox (event) VALUES (?)", [json.dumps(order(UK, "10", code("SKD10")))])
    once = ["relay", "--once", "--json"]
    told = on.system("door", RELAY__DSN=f"sqlite:///{file}").redeem_each(once, once)
    summaries = [json.loads(line) for one in told for line in one.splitlines() if line.startswith("{")]
    assert [one["open"] for one in summaries] == [{"queued": 1}] * 2, told


def worker(on: Stage, heard: Overheard) -> None:
    """Report, retry, bury; inherit from a worker that died; go on at a Redis without memory; tell Prometheus; stop."""
    admin, port = on.system("admin"), lasting_port()
    process = on.system("worker").worker("whole", METRICS__PORT=str(port))
    with process, on.broker.admin() as redis:
        redis.lpush("sovendus", "no JSON at all")
        admin.until_settled([SENT, PRIORITY, DEAD, CLOSED, *UK.ids("sovendus", "7", "SKD-503X1")], within=60)
        assert "redeem_accepted_total" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        redis.hset("redeem:taken:ghost", "orders:1", json.dumps("left behind"))
        redis.zadd("redeem:consumers", {"ghost": 1})
        eventually(lambda: not redis.exists("redeem:taken:ghost"), what="inherited")
        redis.config_set("maxmemory", "1mb")
        eventually(lambda: heard.commands["xread"], what="a rest")
        redis.config_set("maxmemory", "2gb")
        assert process.stop() == 0


def flower(on: Stage, _heard: Overheard) -> None:
    """Look at all pages, ask a worker, and close a dead letter."""
    pages = ("/", "/workers", "/tasks", "/broker", "/api/workers?refresh=true", "/overview", "/dead-letters")
    with (
        on.system("admin").worker("seen") as seen,
        on.broker.admin() as redis,
        FlowerProcess(on.system("flower").environment, on.directory / "flower.log") as process,
    ):
        eventually(lambda: redis.zcard("redeem:consumers"), what="a worker whose messages Flower counts")
        for page in (*pages, f"/worker/{seen.node}"):
            assert requests.get(process.url + page, timeout=20).status_code == 200, (page, process.said())
        process.stop()


OPERATORS: Final = (
    ["status"],
    ["show", DEAD],
    ["dead", "list", "--limit", "1"],
    ["dead", "show", DEAD],
    ["dead", "stats", "--since", "1h"],
    ["dead", "export"],
    ["pause", "--all"],
    ["resume", "--all"],
    ["retry"],
    ["dead", "replay", DEAD],
    ["dead", "replay", "--since", "1h", "--reason", "gave_up"],
    ["dead", "discard", CLOSED],
    ["dead", "discard", "--reason", "unreadable_message", "--yes"],
    ["dead", "discard", "--reason", "invalid_event", "--yes"],
    ["audit"],
    ["report"],
    ["reconcile", "statement.csv", "--partner", "sovendus"],
    ["metrics"],
    ["check"],
)
MONITORS: Final = (
    ["status"],
    ["metrics"],
    ["check"],
    ["report"],
    ["audit"],
    ["dead", "list", "--limit", "1"],
    ["dead", "stats"],
    ["dead", "export"],
    ["show", DEAD],
)
ELSEWHERE: Final = {
    "up": "brings a broker of its own",
    "sandbox": "asks no broker",
    "schema": "asks no broker",
    "completion": "asks no broker",
    "emit": "is the door's",
    "serve": "is the door's",
    "relay": "is the door's",
    "erase": "is the eraser's",
}


def operator(on: Stage, heard: Overheard) -> None:
    """Every command that a person decides with."""
    (on.directory / "statement.csv").write_text("order number;code;order value;currency\n1;SKD1;49,90;EUR\n")
    _commands(on, "operator", OPERATORS)
    assert heard.in_scripts["xadd"]


def monitor(on: Stage, heard: Overheard) -> None:
    """Every command that only looks."""
    told = _commands(on, "monitor", MONITORS)
    (checked,) = [lines for words, lines in zip(MONITORS, told, strict=True) if words == ["check"]]
    assert {line.split()[0] for line in checked.splitlines() if " broker " in line} == {"ok"}, checked
    assert heard.commands["evalsha"]


def eraser(on: Stage, heard: Overheard) -> None:
    """Take an order and a customer out of everything."""
    found = [["erase", "--order", "3", "--yes", "--unreported"], ["erase", "--email", CUSTOMER, "--yes"]]
    _commands(on, "eraser", found)
    assert heard.in_scripts["rename"]


def _commands(on: Stage, user: str, commands: Sequence[list[str]]) -> list[str]:
    told = on.system(user).redeem_each(*commands)
    wrong = [(command, said) for command, said in zip(commands, told, strict=True) if "Error: " in said]
    assert wrong == [], wrong
    return told


WORK: Final[dict[str, Callable[[Stage, Overheard], None]]] = {
    "shop": shop,
    "door": door,
    "worker": worker,
    "flower": flower,
    "operator": operator,
    "monitor": monitor,
    "eraser": eraser,
}
"""In this order: each finds what those before it left."""
