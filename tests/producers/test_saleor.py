"""Saleor's webhook: what is in it the page's query says, and a real WSGI server serves the page's receiver."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests

from tasks.orders import hash_email
from tests.acceptance.kit import eventually
from tests.moments import ago
from tests.ports import lasting_port
from tests.producers.front import Front
from tests.producers.house import TOKEN, House, Told
from tests.producers.page import paste, snippet
from tests.producers.programs import environment, python
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET: Final = "secret-of-the-webhook"
SERVER: Final = f"""
import sys
from wsgiref.simple_server import make_server
from saleor_receiver import app
from tests.ports import lasting_port
with make_server("{LOOPBACK}", int(sys.argv[1]), app) as server:
    server.serve_forever()
"""


def money(net: str, gross: str) -> dict[str, Any]:
    return {"net": {"amount": float(net), "currency": "PLN"}, "gross": {"amount": float(gross), "currency": "PLN"}}


ORDER: Final = {
    "id": "T3JkZXI6MQ==",
    "created": ago(minutes=5).isoformat(timespec="microseconds"),
    "userEmail": "Jane@example.com",
    "isPaid": True,
    "total": money("110.1", "135.42"),
    "undiscountedTotal": money("120.1", "147.72"),
    "shippingPrice": money("10", "12.3"),
    "metafields": {"uniqodo_validation_key": None},
}


def answered(query: str, order: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """The webhook's body: of the order what the query selects, and nothing else."""
    words = iter(re.findall(r'metafield\(key: "\w+"\)|\.\.\. on \w+|\w+:?|[{}]', re.sub(r"#.*", "", query)))
    assert [next(words) for _ in range(5)] == ["subscription", "{", "event", "{", "... on OrderFullyPaid"]
    assert next(words) == "{"
    return _selected({"order": order}, words)


def _selected(of: dict[str, Any], words: Iterator[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        if word == "}":
            return found
        if word == "{":
            last = [*found][-1]
            found[last] = _selected(found[last], words)
        elif word.endswith(":"):
            key = next(words).split('"')[1]
            found[word[:-1]] = of["metafields"][key]
        else:
            found[word] = of[word]
    raise AssertionError("the query does not end")


@pytest.fixture(scope="module")
def front(house: House) -> Iterator[Front]:
    """Between receiver and door."""
    with Front(house.door.url) as server:
        yield server


@pytest.fixture(scope="module")
def receiver(front: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("receiver"), lasting_port()
    paste(folder, "redeem.py", "saleor_receiver.py")
    variables = environment(REDEEM_URL=front.url, REDEEM_TOKEN=TOKEN, SALEOR_SECRET_KEY=SECRET, PYTHONUNBUFFERED="1")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(python(folder, SERVER, str(port)), cwd=folder, env=variables, stdout=log, stderr=log)
    url = f"http://{LOOPBACK}:{port}"
    try:
        eventually(lambda: listens(url), what=f"{folder / 'log'}")
        yield url
    finally:
        process.kill()
        process.wait()
    assert "Jane" not in (folder / "log").read_text()


def listens(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 401
    except requests.ConnectionError:
        return False


def deliver(receiver: str, order: dict[str, Any], *, secret: str = SECRET) -> int:
    """As Saleor sends it: HMAC-SHA256 over the body, in hexadecimal."""
    body = json.dumps(answered(snippet("order_fully_paid.graphql"), ORDER | order)).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return requests.post(receiver, data=body, headers={"Saleor-Signature": signature}, timeout=30).status_code


def test_what_redeem_does_not_take_now_saleor_sends_again(
    receiver: str, house: House, front: Front, order_id: str
) -> None:
    order = {"number": order_id, "voucherCode": "SKD1"}
    front.begin_with(503, 503, 503, 503)  # as often as the client asks
    assert deliver(receiver, order) == 503
    assert house.was_told_nothing(order_id)
    assert deliver(receiver, order) == 200
    assert house.reported(order_id) == {("sovendus", "SKD1"): Told("100.10", "PLN", hash_email("jane@example.com"))}


def test_a_key_comes_along_with_the_discount(receiver: str, house: House, order_id: str) -> None:
    code = f"UQ-{order_id}"
    keys = {"uniqodo_validation_key": "f458"}
    assert deliver(receiver, {"number": order_id, "voucherCode": code, "metafields": keys, "userEmail": ""}) == 200
    assert house.reported(order_id) == {("uniqodo", code): Told("100.10", "PLN", key="f458", discount="10.00")}


def test_what_is_refused_for_good_is_not_asked_for_again(
    receiver: str, house: House, front: Front, order_id: str
) -> None:
    order = {"number": order_id, "voucherCode": "SKD1", "userEmail": "no address"}
    assert deliver(receiver, order) == 200
    assert front.answered[-1] == 422
    assert house.was_told_nothing(order_id)


def test_without_a_voucher_or_the_signature_nothing_is_handed_in(receiver: str, front: Front, order_id: str) -> None:
    before = len(front.answered)
    assert deliver(receiver, {"number": order_id, "voucherCode": None}) == 200
    assert deliver(receiver, {"number": order_id, "voucherCode": "SKD1"}, secret="guessed") == 401
    assert len(front.answered) == before
