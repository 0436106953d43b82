"""The operators' page: each command it shows is run in the situation it speaks of, and prints what is shown there.

Numbers and times may differ, the words may not. `WRITE_DOCS=1 ./run pytest tests/cli/test_operations.py -n0` writes
what the commands print today into the page.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from tasks.invalid_event import InvalidEvent
from tasks.messages.burying import bury_event
from tasks.orders import parse_order
from tasks.partners import SPECS
from tests.acceptance.kit import broker_faults
from tests.cli.conftest import Run, Worker, event, lines, uniqodo
from tests.tasks.ledger.clock import let_pass
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BLOCK = re.compile(r"<!-- scene: (.*?) -->\n```console\n(.*?)```", re.DOTALL)
SCENES = list(dict.fromkeys(scene for scene, _ in BLOCK.findall(PAGE.read_text("utf-8"))))

pytestmark = pytest.mark.usefixtures("configured")


class Stage:
    """What the situations are made with."""

    def __init__(
        self, redeem: Run, configure: Callable[..., None], worker: Worker, sandbox: Sandbox, redis: Redis
    ) -> None:
        self.redeem = redeem
        self.configure = configure
        self.worker = worker
        self.sandbox = sandbox
        self.redis = redis
        self.open = contextlib.ExitStack()
        """Closed when the play is over."""

    def emit(self, *events: object) -> None:
        assert self.redeem("emit", "-", stdin=lines(*events)).status == 0

    def orders(self, first: int, last: int, shop: str = "uk") -> list[str]:
        """Sovendus orders, emitted."""
        self.emit(*(event(str(number), shop=shop) for number in range(first, last)))
        return [f"sovendus:{shop}:{number}:SKD1" for number in range(first, last)]

    def work(self, ids: list[str]) -> None:
        for one in ids:
            self.worker.work(one)
            self.later()

    def later(self) -> None:
        """Let a second pass: what dies in one millisecond is listed by id, not by what came first."""
        let_pass(self.redis, 1)


def a_look(stage: Stage) -> None:
    stage.work(stage.orders(1001, 1009))
    stage.emit(event("1010", coupons=uniqodo("EXPIRED-7")))
    stage.worker.work("uniqodo:uk:1010:EXPIRED-7")
    stage.orders(1011, 1013, shop="de")


def a_partner_is_down(stage: Stage) -> None:
    stage.work(stage.orders(990, 1000))
    stage.sandbox.fail("503")
    stage.work(stage.orders(1001, 1013)[:10])


def a_wrong_key(stage: Stage) -> None:
    stage.sandbox.configure(accepted_keys=["another"])
    stage.emit(*(event(str(number), coupons=uniqodo(f"UQ-{number}")) for number in (1001, 1002)))
    stage.worker.work("uniqodo:uk:1001:UQ-1001")


def a_wrong_number(stage: Stage) -> None:
    stage.work(stage.orders(1001, 1005))
    stage.sandbox.fail("500")
    stage.work(stage.orders(2001, 2011, shop="de"))


def a_flood(stage: Stage) -> None:
    stage.emit(*(event(str(number), coupons=uniqodo(f"REDEEMED-{number}")) for number in range(1001, 1006)))
    stage.work([f"uniqodo:uk:{number}:REDEEMED-{number}" for number in range(1001, 1006)])


def a_dead_letter(stage: Stage) -> None:
    bare = event("1003", coupons=uniqodo("AB12"))
    del bare["order_value"], bare["currency"]
    for one in (event("1001", shop="fr"), event("1002", shop="fr"), bare):
        stage.emit(one)
        stage.later()


def bad_messages(stage: Stage) -> None:
    for wrong in ({"order_value": "49,90"}, {"order_value": 49.9}, {"voucher": "AB12"}):
        whole = event("1001") | wrong
        with pytest.raises(InvalidEvent) as invalid:
            parse_order(whole, now=datetime.now(UTC))
        bury_event(stage.worker.runtime, whole, invalid.value)
        stage.later()


def the_queue_grows(stage: Stage) -> None:
    stage.orders(1001, 1041)
    stage.redis.lpush("orders", *("{}" for _ in range(25)))


def redis_is_away(stage: Stage) -> None:
    stage.configure(BROKER_URL="redis://127.0.0.1:1/0")


def redis_is_full(stage: Stage) -> None:
    stage.configure(**{f"PARTNERS__{name.upper()}__BASE_URL": spec.base_url for name, spec in SPECS.items()})
    stage.redis.setrange("filling", 40_000_000, "x")  # no client's buffer counts for a while
    stage.redis.config_set("maxmemory", int(stage.redis.info("memory")["used_memory"] * 1.02))


def redis_disk_was_full(stage: Stage) -> None:
    server = stage.open.enter_context(EmbeddedValkey(Path("broker")))
    stage.configure(BROKER_URL=server.url)
    with broker_faults.disk_was_full(server):
        pass


def paused(stage: Stage) -> None:
    stage.orders(1001, 1004)
    assert stage.redeem("pause", "--partner", "sovendus", "--shop", "uk").status == 0


ARRANGED: dict[str, Callable[[Stage], None]] = {
    "a look": a_look,
    "a partner is down": a_partner_is_down,
    "a wrong key": a_wrong_key,
    "a wrong traffic source number": a_wrong_number,
    "a flood of 201": a_flood,
    "a dead letter": a_dead_letter,
    "bad messages": bad_messages,
    "the queue grows": the_queue_grows,
    "Redis is away": redis_is_away,
    "Redis is full": redis_is_full,
    "Redis' disk was full": redis_disk_was_full,
    "an account is paused": paused,
}


@pytest.fixture
def stage(
    redeem: Run, configured: Callable[..., None], worker: Worker, sandbox: Sandbox, redis: Redis
) -> Iterator[Stage]:
    made = Stage(redeem, configured, worker, sandbox, redis)
    with made.open:
        yield made
    redis.config_set("maxmemory", "0")


def printed(redeem: Run, words: str) -> str:
    """What a terminal shows of a command, the operator's name aside."""
    ran = redeem(*shlex.split(words.removeprefix("redeem ")))
    text = re.sub(r"\S+@\S+", lambda found: "anna@ws".ljust(len(found[0])), ran.out + ran.err)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def words_of(shown: str) -> list[str]:
    """Without what differs from run to run: numbers, durations, ids, fingerprints, and how wide a column is."""
    shown = re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{16}\b", "#", shown)
    shown = re.sub(r"(\d[\d.,:/-]*(T[\d:.]+Z)?( (ms|s|min|h|d|B|kB|MB|GB)\b)? ?)+", "# ", shown)
    return shown.replace("─", "").split()


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_shows_what_the_commands_print(scene: str, stage: Stage) -> None:
    ARRANGED[scene](stage)
    page = PAGE.read_text("utf-8")
    for name, block in BLOCK.findall(page):
        if name != scene:
            continue
        commands = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        now = "".join(f"$ {command}\n{printed(stage.redeem, command)}" for command in commands)
        if os.environ.get("WRITE_DOCS"):
            whole = f"<!-- scene: {scene} -->\n```console\n"
            page = page.replace(whole + block, whole + now)
            PAGE.write_text(page, "utf-8")
        else:
            assert words_of(now) == words_of(block)


def test_every_scene_is_played() -> None:
    assert set(SCENES) == set(ARRANGED)
