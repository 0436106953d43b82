"""An operator whose shell has other settings than the workers, or none: what is shown and done is the workers'."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tasks.ledger import Account
from tasks.standing.account_health import read_health
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import FlowerProcess, Shop, System, code, eventually, order
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHOP = Shop("elsewhere", number="8801", api_key="a-key-that-is-refused")
OPERATORS = replace(SHOP, api_key="the-operators-key")


@pytest.fixture
def partners() -> Iterator[Sandbox]:
    """Of this module's own, since it refuses keys."""
    with Sandbox(port=0) as sandbox:
        sandbox.configure(accepted_keys=["another"])
        yield sandbox


@pytest.fixture
def refused(make_system: Callable[..., System]) -> Iterator[System]:
    """A system with a running worker, whose key Uniqodo refuses, and an order that waits for it."""
    system = make_system(SHOP)
    with system.worker():
        system.emit(order(SHOP, "1", code("AB12", "uniqodo")))
        eventually(lambda: system.breaker("uniqodo", SHOP) == "refused", within=60, what="the key refused")
        eventually(lambda: has_noted(system), within=60, what="the worker's settings noted")
        yield system


def shell(system: System, partners: Sandbox, directory: Path, *shops: Shop) -> System:
    """An operator's: the same broker, other shops."""
    return System(system.broker_url, partners.url, shops, directory, FAST)


def has_noted(system: System) -> bool:
    return bool(read_health(system.ledger, [Account("uniqodo", SHOP.name)])[0].in_use)


def row(system: System) -> dict[str, Any]:
    return system.status("uniqodo", SHOP)


@pytest.mark.parametrize(("shops", "here"), [((OPERATORS,), "other"), ((), "missing")])
def test_every_command_tells_of_the_workers_health(
    refused: System, partners: Sandbox, tmp_path: Path, shops: tuple[Shop, ...], here: str
) -> None:
    with shell(refused, partners, tmp_path, *shops) as operator:
        told = row(operator)
        assert (told["breaker"], told["settings_here"]) == ("refused", here)
        assert [(one["breaker"], one["in_use"]) for one in told["fingerprints"]] == [("refused", True)]
        table, metrics, *_ = operator.redeem_each(["status"], ["metrics"])
        assert "the states shown are the workers'" in table
        assert 'redeem_breaker{partner="uniqodo",shop="elsewhere",state="refused"} 1.0' in metrics
        checked = operator.redeem_json("check", status=1)
        found = [one for one in checked if one["subject"] == "account uniqodo elsewhere"]
        assert [one["level"] for one in found] == ["error", "warning"][: 1 + bool(shops)]
        assert {one["level"] for one in checked if one["subject"] == "shops"} == ({"warning"} if not shops else set())
        assert "refuses the account's key" in found[0]["text"]

        before = len(partners.calls(partner="uniqodo"))
        (resumed,) = operator.redeem_json("resume", "--partner", "uniqodo", "--shop", SHOP.name)
        assert (resumed["changed"], resumed["settings_here"]) == (True, here)
        assert [(one["breaker"], one["in_use"]) for one in resumed["resumed"]] == [("refused", True)]
        eventually(lambda: len(partners.calls(partner="uniqodo")) > before, within=60, what="it tries again")
        eventually(lambda: operator.breaker("uniqodo", SHOP) == "refused", within=60, what="refused, seen from here")

        partners.configure(accepted_keys=None)
        operator.redeem("resume", "--all")
        refused.until_settled(SHOP.ids("uniqodo", "1", "AB12"), within=60)
        assert operator.breaker("uniqodo", SHOP) == "closed"


@pytest.mark.parametrize("shops", [(OPERATORS,), ()])
def test_flowers_overview_tells_of_the_workers_health(
    refused: System, partners: Sandbox, tmp_path: Path, shops: tuple[Shop, ...]
) -> None:
    with (
        shell(refused, partners, tmp_path, *shops) as operator,
        FlowerProcess(operator.environment, tmp_path / "flower.log") as flower,
    ):
        page = requests.get(f"{flower.url}/overview", timeout=20).text
    assert "uniqodo elsewhere: the key is refused" in page
    assert "The workers have other settings than these pages" in page
