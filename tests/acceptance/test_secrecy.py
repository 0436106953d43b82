"""Secrets and the customer's address are nowhere that anybody can read: one eventful day, then a hunt in all places."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests
from redis import Redis

from tasks.ledger import Account
from tasks.orders import hash_email
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import FlowerProcess, Shop, System, WorkerProcess, code, eventually, order
from tests.acceptance.kit.hunt import everything_in, found
from tests.acceptance.kit.ingest import Ingest
from tests.acceptance.kit.producer import BareProducer
from tests.tasks import examples
from tests.tasks.garbage import garbage
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.dev.sandbox import Sandbox

ADDRESS = "Jürgen.Leak+42@Example.COM"
PERSONAL = {
    "address": ADDRESS,
    "its name": "Jürgen.Leak+42",
    "customer": "customer-no-8472615",
    "address in garbage": examples.ADDRESS,
}
ONLY_IN_THE_LEDGER = {
    "hash of the address": hash_email(ADDRESS),
    "hash in garbage": hash_email(examples.ADDRESS),
    "validation key": "validation-key-8472615",
}
"""What redemptions are sent with; until they are settled the ledger has it, and nothing else ever."""
SECRETS = {
    "API key": "sëcret/Key+of 8472615",
    "wrong API key": "wrong-sëcret/Key+of 8472615",
    "token": "token-8472615-of-the-shop",
    "webhook secret": "whsec_8472615",
    "broker password": "broker-password-8472615",
    "password of Flower": "flower-password-8472615",
    "key of Sentry": "5e274e7bd8472615aa11bb22cc33dd44",
}
SHOP = Shop(
    "leak",
    number="5101",
    api_key=SECRETS["API key"],
    more={"TOKEN": SECRETS["token"], "WEBHOOK_SECRET": SECRETS["webhook secret"]},
)
LOCKED = Shop("locked", number="5102", api_key=SECRETS["wrong API key"])
PERSON = {"email": f" {ADDRESS} ", "customer_id": PERSONAL["customer"]}
AUTH = ("admin", SECRETS["password of Flower"])


@dataclass
class Day:
    """An installation on its day, and what could be read of it: place → content."""

    system: System
    worker: WorkerProcess
    flower: FlowerProcess
    redis: Redis
    places: dict[str, bytes] = field(default_factory=dict)

    def note(self, place: str, content: str | bytes) -> None:
        assert place not in self.places
        self.places[place] = content.encode() if isinstance(content, str) else content


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, partners: Sandbox) -> Iterator[Day]:
    """The day is over when this returns."""
    directory = tmp_path_factory.mktemp("secrecy")
    with EmbeddedValkey(directory / "broker") as broker, Ingest(key=SECRETS["key of Sentry"]) as sentry:
        with Redis.from_url(broker.url) as redis:
            redis.config_set("requirepass", SECRETS["broker password"])
        broker_url = broker.url.replace("://", f"://:{SECRETS['broker password']}@")
        settings = FAST | {
            "SENTRY_DSN": sentry.dsn,
            "FLOWER__BASIC_AUTH": ":".join(AUTH),
            "LOG_LEVEL": "debug",
            "PARTNERS__SOVENDUS__READ_TIMEOUT": "30s",
        }
        with (
            System(broker_url, partners.url, [SHOP, LOCKED], directory, settings) as system,
            Redis.from_url(broker_url) as redis,
            system.worker("worker", "--concurrency=1") as worker,
            FlowerProcess(system.environment, directory / "flower.log") as flower,
        ):
            made = Day(system, worker, flower, redis)
            _own_door(made, directory / "broker")
            _strangers_door(made)
            _garbage(made)
            _unexpected_errors(made)
            _commands(made)
            made.note("Redis at the end", everything_in(redis))
            _flower_and_inspect(made, partners)
            made.note("worker's log", worker.log.read_bytes())
            made.note("Flower's log", flower.log.read_bytes())
            for number, envelope in enumerate(sentry.envelopes()):
                made.note(f"Sentry {number}", envelope)
            yield made


def _own_door(day: Day, data: Path) -> None:
    """Orders by `redeem emit`, which go well, badly, and wrong."""
    faults = ("", "+HANG", "+RESET", "-503x1", "-GARBAGE", "-EXPIRED", "-REDEEMED")
    coupons = [
        code(f"{SHOP.name}{fault}", "uniqodo", validation_key=ONLY_IN_THE_LEDGER["validation key"]) for fault in faults
    ]
    fine = order(SHOP, "FINE", *coupons, code("SKD"), code("SKD-503x1"), code("SKD+TRUNCATED"), **PERSON)
    nowhere = order(SHOP, "NOWHERE", code("SKD"), **PERSON) | {"shop": "nowhere"}
    ids = day.system.emit(fine, nowhere)
    day.system.emit(order(LOCKED, "LOCKED", code("LOCKED", "uniqodo"), **PERSON))  # waits for another key
    eventually(lambda: day.system.breaker("uniqodo", LOCKED) == "refused")
    day.system.until_settled(ids)
    day.note("Redis after redeem emit", everything_in(day.redis))
    day.note("the broker's files after redeem emit", b"".join(f.read_bytes() for f in data.rglob("*") if f.is_file()))


def _strangers_door(day: Day) -> None:
    """A stranger's Celery, which tells everyone what it sends."""
    fine = order(SHOP, "STRANGE", code("SKD"), code("STRANGE-LOST+HANG", "uniqodo"), **PERSON)
    wrong: list[tuple[list[object], dict[str, object]]] = [
        ([order(SHOP, "TYPO", code("SKD"), **PERSON, e_mail=ADDRESS)], {}),
        ([order(SHOP, "NESTED", {"code": "X", "for": ADDRESS}, **PERSON, source={"from": ADDRESS})], {}),
        ([order(SHOP, "VALUE", code("SKD"), **PERSON, order_value=f"1 from {ADDRESS}")], {}),
        ([ADDRESS], {}),
        ([[ADDRESS]], {}),
        ([fine, ADDRESS], {}),
        ([], {"event": fine}),
        ([], {ADDRESS: fine}),
    ]
    with BareProducer(day.system.broker_url, {"task_send_sent_event": True}) as stranger:
        sent: list[tuple[list[object], dict[str, object]]] = [([fine], {}), *wrong]
        for args, kwargs in sent:
            told = {"argsrepr": f"({args!r})", "kwargsrepr": repr(kwargs), "shadow": "orders.completed"}
            stranger.send(args, kwargs, **told, headers=TRACED)
    day.system.until_settled(["sovendus:leak:STRANGE:SKD", "uniqodo:leak:STRANGE:STRANGE-LOST+HANG"])
    eventually(lambda: len(_invalid(day)) == len(wrong), what="a dead letter for each wrong message")


TRACED = {
    "sentry-trace": "771a43a4192642f0b136d5159a501700-b1b2b3b4b5b6b7b8-1",
    "baggage": f"sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-user={PERSONAL['customer']}",
}
"""What a shop that uses Sentry itself adds to its messages."""


def _garbage(day: Day) -> None:
    """What is no message at all, or a message of somebody else's."""
    every = {name: raw for name, (raw, why) in garbage("orders").items() if why != "invalid_event"}
    small = [raw for raw in every.values() if len(raw) < 100_000]
    day.redis.lpush("orders", *small)
    letters = day.system.ledger.key("dead")
    eventually(lambda: sum(b"message:" in one for one in day.redis.zrange(letters, 0, -1)) == len(small))
    eventually(lambda: day.worker.entries("page.dead_letters"))


def _invalid(day: Day) -> list[str]:
    return [str(one) for one in day.system.ledger.redis.zrange(day.system.ledger.key("dead"), 0, -1) if "event" in one]


def _unexpected_errors(day: Day) -> None:
    """What should not happen does: records of ours are spoilt, at intake and at the call."""
    ledger = day.system.ledger
    ledger.redis.set(ledger.key("redemption", "sovendus:leak:SPOILT:SKD"), "no hash")
    day.system.send(order(SHOP, "SPOILT", code("SKD"), **PERSON))
    eventually(lambda: "WRONGTYPE" in day.worker.said())
    ledger.redis.delete(ledger.key("redemption", "sovendus:leak:SPOILT:SKD"))
    account = Account("uniqodo", SHOP.name)
    ledger.pause(account)
    (spoilt,) = day.system.send(order(SHOP, "HALF", code("LEAK-HALF", validation_key="vk"), **PERSON))
    eventually(lambda: ledger.find(spoilt))
    ledger.redis.hset(ledger.key("redemption", spoilt), "details", "no JSON")
    ledger.resume(account)
    eventually(lambda: "JSONDecodeError" in day.worker.said())


def _commands(day: Day) -> None:
    letters = _invalid(day)
    refused = day.system.directory / "refused.json"
    refused.write_text(json.dumps([order(SHOP, "TYPO", code("SKD"), **PERSON, e_mail=ADDRESS), ADDRESS, [ADDRESS]]))
    commands = [
        ["emit", str(refused), "--json"],
        ["emit", str(refused)],
        ["status", "--json"],
        ["status"],
        ["show", "uniqodo:leak:FINE:LEAK+HANG", "--json"],
        ["show", "uniqodo:leak:FINE:LEAK-EXPIRED"],
        ["dead", "list", "--json"],
        ["dead", "list"],
        *(["dead", "show", letter, "--json"] for letter in letters),
        ["dead", "show", letters[0]],
        ["dead", "replay", letters[0], "--json"],
        ["dead", "replay"],
        ["dead", "discard", letters[-1], "--json"],
        ["retry", "--json"],
        ["check", "--json"],
        ["check"],
        ["pause", "--all", "--json"],
        ["resume", "--all", "--json"],
        ["audit", "--json"],
        ["audit"],
    ]
    for command, output in zip(commands, day.system.redeem_each(*commands), strict=True):
        assert output or command[0] == "retry", command
        day.note(f"redeem {' '.join(command)}", output)


def _flower_and_inspect(day: Day, partners: Sandbox) -> None:
    """All of Flower's pages, while the worker's one thread is busy and a message waits in its hands."""
    partners.fail("HANG", account=SHOP.number)
    day.system.send(order(SHOP, "HUNG", code("SKD")))
    partners.wait_for_calls(1, account=SHOP.number, order_id="HUNG")
    with BareProducer(day.system.broker_url) as stranger:
        event = order(SHOP, "HELD", code("SKD"), **PERSON)
        stranger.send([event], argsrepr=repr(event), task_id="held")
    held = "(HELD @ leak)"
    day.note(
        "celery inspect reserved", eventually(lambda: _holding(held, _celery(day, "inspect", "reserved", "--json")))
    )

    day.note("Flower /api/workers", _get(day, "/api/workers?refresh=1").content)

    day.worker.signal(signal.SIGSTOP)
    with BareProducer(day.system.broker_url, {"task_send_sent_event": True}) as stranger:
        stranger.send([order(SHOP, "UNTAKEN", code("SKD"), **PERSON)], task_id="untaken")
    eventually(lambda: "untaken" in _get(day, "/api/tasks").json())
    tasks = list(_get(day, "/api/tasks").json())
    table = "/tasks/datatable?draw=1&start=0&length=500&order[0][column]=0&columns[0][data]=name&order[0][dir]=asc"
    pages = ["/", "/workers", f"/worker/{day.worker.node}", "/tasks", table, "/broker", "/metrics", "/api/tasks"]
    pages += ["/overview", "/dead-letters", *(f"/dead-letters/letter?id={quote(one)}" for one in _invalid(day))]
    pages += ["/dead-letters/letter?id=uniqodo:leak:FINE:LEAK-EXPIRED", "/api/queues/length"]
    pages += ["/api/task/types", *(f"/task/{one}" for one in tasks), *(f"/api/task/info/{one}" for one in tasks)]
    for page in pages:
        answer = _get(day, page)
        assert answer.ok, (page, answer.status_code)
        day.note(f"Flower {page}", answer.content)
    day.worker.signal(signal.SIGCONT)


def _holding(text: str, told: str) -> str:
    """What was told, if it holds the text."""
    return told if text in told else ""


def _get(day: Day, page: str) -> requests.Response:
    return requests.get(day.flower.url + page, auth=AUTH, timeout=20)


def _celery(day: Day, *arguments: str) -> str:
    done = subprocess.run(
        (sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", *arguments),
        capture_output=True,
        text=True,
        env=day.system.environment,
        cwd=day.system.directory,
        timeout=60,
        check=True,
    )
    return done.stdout + done.stderr


def test_the_hunt_finds_what_is_there(day: Day, partners: Sandbox) -> None:
    message = json.dumps({"args": [PERSON]})
    places = {
        "call": partners.calls(account=SHOP.api_key)[0].path.encode(),
        "message": json.dumps({"body": b64encode(message.encode()).decode()}).encode(),
    }
    hits = {(name, place) for name, place, _ in found(SECRETS | PERSONAL, places)}
    assert hits >= {("API key", "call"), ("address", "message"), ("customer", "message")}
    assert {place.split()[0] for place in day.places} >= {"Redis", "Flower", "Sentry", "redeem", "worker's", "celery"}


def test_secrets_are_nowhere(day: Day) -> None:
    assert found(SECRETS, day.places) == []


def test_what_redemptions_are_sent_with_is_in_no_log_and_no_event(day: Day) -> None:
    # The last two show an invalid event as it was kept.
    shown = ("Redis", "the broker's files", "redeem dead show", "Flower /dead-letters/letter?id=event")
    out = {place: content for place, content in day.places.items() if not place.startswith(shown)}
    hits = found(ONLY_IN_THE_LEDGER, out)
    assert hits == [], hits


def test_errors_and_pages_have_reached_sentry(day: Day) -> None:
    sent = b"".join(content for place, content in day.places.items() if place.startswith("Sentry"))
    for told in (b"order.put_back", b"JSONDecodeError", b"rejected", b"unreadable_message", b"refuses the account"):
        assert told in sent


def test_the_customer_is_nowhere(day: Day) -> None:
    hits = found(PERSONAL, day.places)
    assert hits == [], hits
