"""What a door tells Prometheus, and whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from tests.acceptance.kit import broker_faults
from tests.web.conftest import TOKENS, Web, event, serving
from worker.dev.broker import EmbeddedValkey
from worker.web.body import MOST_BYTES

TOKEN = "token-of-prometheus-itself"


@pytest.fixture
def guarded(broker_url: str) -> Iterator[Web]:
    """A door that tells its metrics to whoever has the token."""
    with serving(broker_url, WEB__METRICS_TOKEN=TOKEN) as web:
        yield web


def scrape(web: Web, **headers: str) -> requests.Response:
    """As Prometheus asks, from this machine."""
    return web.get("/metrics", token=None, headers={name.replace("_", "-"): value for name, value in headers.items()})


def number_of(web: Web, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels."""
    samples = [sample for family in text_string_to_metric_families(scrape(web).text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_what_became_of_requests_and_events_is_counted(here: Web) -> None:
    here.post("/orders", [event("1"), event("2")])
    here.post("/orders", event("3"), token=TOKENS["de"])
    here.post("/orders", {**event("4"), "nonsense": 1})
    here.post("/orders", b"x" * (MOST_BYTES + 1))
    here.post("/orders", event("5"), token="nobody's")
    assert number_of(here, "redeem_web_events_total", shop="uk") == 2
    assert number_of(here, "redeem_web_events_total", shop="de") == 1
    assert number_of(here, "redeem_web_refused_total", shop="uk", why="invalid-event") == 1
    assert number_of(here, "redeem_web_refused_total", shop="uk", why="too-large") == 1
    assert number_of(here, "redeem_web_refused_total", shop="", why="unauthorized") == 1
    orders = {"route": "/orders", "method": "POST"}
    assert number_of(here, "redeem_web_requests_total", status="202", **orders) == 2
    assert number_of(here, "redeem_web_requests_total", **orders) == 5
    assert number_of(here, "redeem_web_request_seconds_count", route="/orders") == 5
    assert number_of(here, "redeem_web_in_flight") == 1  # the scrape


def test_too_fast_is_told_by_shop(broker_url: str) -> None:
    with serving(broker_url, WEB__ORDERS_PER_SECOND="0.1") as web:
        while web.post("/orders", event()).status_code == 202:
            pass
        assert number_of(web, "redeem_web_refused_total", shop="uk", why="too-fast") == 1


def test_no_label_is_of_a_strangers_making(here: Web) -> None:
    for path in ("/nowhere/str4nge", "/redemptions/sovendus:uk:str4nge:SKD1", "/webhooks/str4nge/woocommerce"):
        here.get(path)
    here.post("/webhooks/str4nge/woocommerce", {}, token=None)
    here.request("BREW-str4nge", "/orders")
    told = scrape(here).text
    assert "str4nge" not in told
    assert 'route="/redemptions/{id}"' in told
    assert number_of(here, "redeem_web_requests_total", route="", status="404") >= 1
    assert number_of(here, "redeem_web_requests_total", method="other") == 1


def test_nothing_of_the_ledger_and_no_money_is_told(here: Web) -> None:
    here.post("/orders", event())
    names = {line.split()[2] for line in scrape(here).text.splitlines() if line.startswith("# TYPE")}
    assert names
    assert all(name.startswith("redeem_web_") for name in names)


def test_whether_redis_takes_orders_is_told(here: Web, valkey: EmbeddedValkey) -> None:
    with broker_faults.memory_full(valkey):
        assert number_of(here, "redeem_web_ready") == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_Proto": "https"},
        {"Forwarded": "for=127.0.0.1"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "orders.example.com"},
        {"Host": "[::1"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_what_a_proxy_passes_on_is_not_of_this_machine(here: Web, headers: dict[str, str]) -> None:
    answer = scrape(here, **headers)
    assert answer.status_code in (400, 403)
    assert "redeem_web_" not in answer.text


def test_the_token_opens_them_to_whoever_has_it(guarded: Web) -> None:
    far = {"X_Forwarded_For": "192.0.2.1"}
    assert scrape(guarded).status_code == 200
    assert scrape(guarded, Authorization=f"Bearer {TOKEN}", **far).status_code == 200
    for wrong in ({}, {"Authorization": f"Bearer {TOKENS['uk']}"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = scrape(guarded, **far, **wrong)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "redeem_web_" not in answer.text


def test_a_shops_token_is_no_key_to_metrics_nor_theirs_to_orders(guarded: Web, redis: Redis) -> None:
    assert guarded.post("/orders", event(), token=TOKEN).status_code == 401
    assert not redis.exists("redeem:accounts")
