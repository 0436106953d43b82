"""What reaches the partners, byte for byte, whichever door the order came by."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

import pytest

from tests.acceptance.kit import Shop, System, code, eventually, order
from tests.acceptance.kit.recorder import Received, RecordingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEDIUM_ID = "3b241101-e2bb-4255-8caf-4136c566a962"
PLAIN = Shop("plain", number="4711", api_key="plain-key", merchant_id="12")
FULL = Shop(
    "full",
    number="0815",
    api_key="k/e+y %ü",
    merchant_id="3040",
    more={"SOVENDUS__TRAFFIC_MEDIUM_PUBLIC_ID": MEDIUM_ID.upper(), "UNIQODO__SEND_UID": "true"},
)
ODD_CODE = "Ä+b/C%2F d&e=f?g#ß"
ODD_CODE_ENCODED = "%C3%84%2Bb%2FC%252F%20d%26e%3Df%3Fg%23%C3%9F"


Find: TypeAlias = "Callable[[str], Received]"


def _in_parts(gross: str, tax: str, shipping: str) -> dict[str, object]:
    parts = {"gross_value": gross, "tax": tax, "shipping": shipping, "currency": "EUR"}
    return {"shop": "plain", "coupons": [code("NET")], **parts}


@pytest.fixture(scope="module")
def recorder() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


@pytest.fixture(scope="module")
def recorded(
    valkey_database: str, recorder: RecordingServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    directory = tmp_path_factory.mktemp("wire")
    with System(valkey_database, recorder.url, [PLAIN, FULL], directory, {}) as system, system.worker():
        yield system


EVENTS = {
    "W1": {"shop": "plain", "coupons": [{"code": "SKDXXR4324"}]},
    "W2 ü": order(FULL, "", code(f" {ODD_CODE} "), order_value="0", email="MyEmailAddress@example.com "),
    "W3": order(PLAIN, "", code("AB12E3GH", "uniqodo"), order_value="219.99", currency="GBP"),
    "W4/+ü ": order(
        FULL,
        "",
        code(f"\t{ODD_CODE}\n", validation_key="f4+/58==", discount="5"),
        customer_id="c&1",
        source="in store",
        params=["elec/tricals", "", "UK&"],
        order_value="0.00",
    ),
    "W5": order(PLAIN, "", code("ZERO", validation_key="vk", discount="0")),
    "W6": _in_parts("119.00", "19.00", "4.20"),
    "W7": _in_parts("10.01", "0.005", "0"),
    "W8": _in_parts("4.20", "0.67", "3.53"),
}
"""Each by the beginning of its order number; a door adds its own name, or it would be the same order again."""


@pytest.fixture(scope="module")
def hand_in(recorded: System, recorder: RecordingServer) -> Callable[[str], None]:
    """Has all events come by that door and go out, once: tests of the two doors may alternate."""

    @functools.cache
    def by(door: str) -> None:
        send = recorded.emit if door == "emit" else recorded.send
        before = len(recorder.received())
        send(*({**event, "order_id": f"{order_id}{door}"} for order_id, event in EVENTS.items()))
        eventually(lambda: len(recorder.received()) - before >= len(EVENTS), what="a request an event")

    return by


@pytest.fixture(params=["emit", "celery"])
def door(request: pytest.FixtureRequest, hand_in: Callable[[str], None]) -> str:
    """The door's name, once all events have come by it and gone out."""
    name = str(request.param)
    hand_in(name)
    return name


@pytest.fixture
def request_of(door: str, recorder: RecordingServer) -> Callable[[str], Received]:
    """The one request about an order."""

    def find(order_id: str) -> Received:
        marks = [f"{order_id}{door}".encode(), quote(f"{order_id}{door}", safe="").encode()]
        (found,) = (one for one in recorder.received() if any(mark in one.raw for mark in marks))
        return found

    return find


def test_sovendus_minimal(request_of: Find, door: str, recorder: RecordingServer) -> None:
    request = request_of("W1")
    assert request.request_line == b"POST /redeem/4711 HTTP/1.1"
    assert request.body == b'{"coupon_code": "SKDXXR4324", "order_id": "W1%b"}' % door.encode()
    assert sorted(request.headers) == [
        (b"Accept-Encoding", b"identity"),
        (b"Content-Length", b"%d" % len(request.body)),
        (b"Content-Type", b"application/json"),
        (b"Host", recorder.address.encode()),
        (b"User-Agent", b"redeem/1"),
    ]


def test_sovendus_in_full_with_nothing_left_to_pay(request_of: Find, door: str) -> None:
    request = request_of("W2 ü")
    assert request.request_line == b"POST /redeem/0815 HTTP/1.1"
    assert (b"Content-Type", b"application/json") in request.headers
    # In pairs, so that a name given twice would show.
    assert json.loads(request.body, object_pairs_hook=list) == [
        ("coupon_code", ODD_CODE),
        ("order_id", f"W2 ü{door}"),
        ("order_value", "0.00"),
        ("order_currency", "EUR"),
        ("email_hash", "0bc83cb571cd1c50ba6f3e8a78ef1346"),
        ("traffic_medium_public_id", MEDIUM_ID),
    ]
    assert ODD_CODE.encode() in request.body


def test_uniqodo_minimal_with_an_empty_discount(request_of: Find, door: str, recorder: RecordingServer) -> None:
    request = request_of("W3")
    assert request.request_line.decode() == (
        f"GET /redeem/plain-key/AB12E3GH/12?orderId=W3{door}&orderValue=219.99&discount=&currency=GBP HTTP/1.1"
    )
    assert sorted(request.headers) == [
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        (b"Host", recorder.address.encode()),
        (b"User-Agent", b"redeem/1"),
    ]
    assert request.body == b""


def test_uniqodo_in_full_with_everything_encoded(request_of: Find, door: str) -> None:
    assert request_of("W4/+ü ").request_line.decode() == (
        f"GET /redeem/k%2Fe%2By%20%25%C3%BC/{ODD_CODE_ENCODED}/3040"
        f"?orderId=W4%2F%2B%C3%BC%20{door}&orderValue=0.00&discount=5.00&currency=EUR&valKey=f4%2B%2F58%3D%3D"
        "&source=in%20store&uid=c%261&p1=elec%2Ftricals&p2=&p3=UK%26 HTTP/1.1"
    )


def test_a_discount_of_zero_is_not_an_absent_one(request_of: Find) -> None:
    assert b"&discount=0.00&" in request_of("W5").request_line


@pytest.mark.parametrize(("order_id", "net"), [("W6", "95.80"), ("W7", "10.01"), ("W8", "0.00")])
def test_the_value_is_net_of_tax_and_shipping(order_id: str, net: str, request_of: Find) -> None:
    assert json.loads(request_of(order_id).body)["order_value"] == net


def test_nothing_else_was_sent(door: str, recorder: RecordingServer) -> None:
    assert len([one for one in recorder.received() if door.encode() in one.raw]) == len(EVENTS)
