"""The `redeem` command through its entry point, in this process, against a real broker."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery.app.log import Logging

from tasks.ledger import Record
from tasks.outcomes import Again, Result
from tasks.partners import SPECS
from tasks.redeeming import attempt, park
from tasks.runtime import Runtime
from tests.plain_logs import plain_logs
from tests.tasks.examples import KEY
from worker.cli import main
from worker.configuration import settings
from worker.dev.sandbox import Sandbox

SHOPS = {
    "SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
    "SHOPS__UK__UNIQODO__API_KEY": KEY,
    "SHOPS__UK__UNIQODO__MERCHANT_ID": "17",
    "SHOPS__DE__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4712",
}


class _Stdin(io.BytesIO):
    name = "<stdin>"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        """Its only JSON line."""
        (only,) = self.rows
        return only


Run = Callable[..., Ran]

EXPIRED = "uniqodo:uk:1:EXPIRED-1"
NOWHERE = "unrouted:fr:2:SKD1"
BARE = "uniqodo:uk:3:AB12"


@pytest.fixture(autouse=True)
def _process_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A directory without settings, and no trace of the command in this process."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    settings.cache_clear()
    yield
    settings.cache_clear()
    root.handlers[:], root.level = handlers, level
    plain_logs()


@pytest.fixture
def configured(broker_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Two shops, whose partners are the sandbox; called, it sets more variables (without their REDEEM_)."""

    def configure(**variables: str) -> None:
        settings.cache_clear()
        for name, value in variables.items():
            monkeypatch.setenv(f"REDEEM_{name}", value)

    configure(BROKER_URL=broker_url, **SHOPS, RETRY__BASE="10s", RETRY__CAP="1h")
    configure(**{f"PARTNERS__{name.upper()}__BASE_URL": sandbox.url for name in SPECS})
    return configure


@pytest.fixture
def redeem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `redeem` with these words, and `stdin` on its standard input."""

    def run(*words: str, stdin: bytes = b"") -> Ran:
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["redeem", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(_Stdin(stdin)))
        monkeypatch.setattr(Logging, "_setup", False)  # Celery sets logs up once a process, which would not be ours
        capsys.readouterr()
        root = logging.getLogger()
        handlers = root.handlers[:]
        with pytest.raises(SystemExit) as ended:
            main()
        root.handlers[:] = handlers  # the command's own writes to a standard error that is gone by then
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, printed.out, printed.err)

    return run


class Worker:
    """What a worker does with what was emitted, one redemption at a time."""

    def __init__(self) -> None:
        self.runtime = Runtime(settings())

    def work(self, redemption_id: str) -> Result:
        result = attempt(self.runtime, redemption_id.split(":", maxsplit=1)[0], redemption_id)
        if isinstance(result, Again):
            park(self.runtime, result)
        return result

    def record(self, redemption_id: str) -> Record:
        found = self.runtime.ledger.find(redemption_id)
        assert found is not None
        return found

    def close(self) -> None:
        for partner in SPECS:
            self.runtime.client(partner).close()
        self.runtime.ledger.redis.close()


@pytest.fixture
def worker(configured: Callable[..., None]) -> Iterator[Worker]:
    del configured
    made = Worker()
    yield made
    made.close()


def event(order_id: str = "145789", *codes: str, shop: str = "uk", **more: object) -> dict[str, Any]:
    """An order with these Sovendus codes, or one."""
    coupons = [{"code": code} for code in codes or ("SKD1",)]
    whole: dict[str, Any] = {"order_id": order_id, "shop": shop, "order_value": "219.99", "currency": "GBP"}
    return whole | {"coupons": coupons} | more


def lines(*events: object) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def uniqodo(code: str) -> list[dict[str, str]]:
    return [{"code": code, "provenance": "uniqodo", "validation_key": "f"}]


@pytest.fixture
def three(redeem: Run, worker: Worker) -> None:
    """Dead letters: rejected by the partner, unroutable, incomplete."""
    bare = event("3", coupons=uniqodo("AB12"))
    del bare["order_value"], bare["currency"]
    emitted = redeem("emit", "-", stdin=lines(event("1", coupons=uniqodo("EXPIRED-1")), event("2", shop="fr"), bare))
    assert emitted.status == 0
    worker.work(EXPIRED)
