"""Partners that send interim answers, and more than they were asked: each redemption is booked with its own answer."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import pytest

from tasks.ledger import State
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, code, order
from tests.tasks.raw_servers import RawServer, receive, serving
from worker.dev.ports import free_port

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.acceptance.kit import System

SHOP: Final = Shop("own", number="4711", api_key="key-of-own")
HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PRELUDES: Final[tuple[tuple[bytes, ...], ...]] = (
    (),
    (HINTS,),
    (HINTS[:30], HINTS[30:]),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS, b"HTTP/1.1 102 Processing\r\n\r\n"),
)
_UNIQODO: Final = re.compile(r"GET /redeem/[^/]+/(?P<code>[^/]+)/77\?orderId=(?P<order>[^&]+)&")


class Partner:
    """Both of them. A code with BAD in it is refused, and one with MORE is answered with somebody's yes behind it."""

    def __init__(self) -> None:
        self.refused = Counter[str]()
        self._calls = itertools.count()

    def handle(self, connection: socket.socket, server: RawServer) -> None:
        while request := receive(connection, server).decode():
            found = _UNIQODO.match(request)
            if found:
                own, another = self._uniqodo(unquote(found["code"]), unquote(found["order"]))
            else:
                asked = json.loads(request.partition("\r\n\r\n")[2])
                own, another = self._sovendus(asked["coupon_code"], asked["order_id"])
            *preludes, last = (*PRELUDES[next(self._calls) % len(PRELUDES)], b"")
            for prelude in preludes:
                connection.sendall(prelude)
            connection.sendall(last + own + (another if "MORE" in request else b""))

    def _uniqodo(self, spelled: str, number: str) -> tuple[bytes, bytes]:
        if "FOREIGN" in spelled and not self.refused[spelled]:
            self.refused[spelled] += 1
            return self._yes("ANOTHER", "000"), b""
        if "BAD" in spelled:
            self.refused[spelled] += 1
            refusal = {"result": "error", "data": None, "errors": [{"code": 204, "message": f"no {spelled}"}]}
            return _answer("200 OK", refusal), self._yes("ANOTHER", "000")
        return self._yes(spelled, number), self._yes("ANOTHER", "000")

    @staticmethod
    def _yes(spelled: str, number: str) -> bytes:
        data = {"id": f"{number}-{spelled}", "code": spelled.lower(), "order_id": int(number), "redeemed_at": "now"}
        return _answer("200 OK", {"result": "success", "data": data, "errors": []})

    def _sovendus(self, spelled: str, number: str) -> tuple[bytes, bytes]:
        another = _answer("200 OK", {"message": "received 000-ANOTHER"})
        if "BAD" in spelled:
            self.refused[spelled] += 1
            return _answer("422 Unprocessable", {"error": f"no {spelled}"}), another
        return _answer("200 OK", {"message": f"received {number}-{spelled}"}), another


def _answer(status: str, document: object) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("words", [("GOOD", "BAD"), ("GOOD", "BAD", "GOODMORE", "BADMORE", "FOREIGN")])
def test_each_redemption_is_booked_with_its_own_answer(
    make_system: Callable[..., System], words: tuple[str, ...]
) -> None:
    partner = Partner()
    with serving(partner.handle) as server:
        system = make_system(
            SHOP, **FAST, PARTNERS__SOVENDUS__BASE_URL=server.url, PARTNERS__UNIQODO__BASE_URL=server.url
        )
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):  # no proxy leads to this machine
            system.environment[name] = f"http://127.0.0.1:{free_port()}"
        events = [
            order(SHOP, f"{100 + n}", code(f"{word}{n}"), code(f"{word}{n}", "uniqodo"))
            for n, word in zip(range(30), itertools.cycle(words))
        ]
        ids = system.emit(*events)
        with system.worker():
            records = system.until_settled(ids)
    shown = [json.loads(text) for text in system.redeem_each(*(["show", record.id, "--json"] for record in records))]
    assert {one["id"] for one in shown} == set(ids)
    for one in shown:
        if "BAD" in one["code"]:
            wanted = (State.DEAD, {"sovendus": "422", "uniqodo": "204"}[one["partner"]])
            assert (one["state"], one["error_code"]) == wanted
            assert f"no {one['code']}" in one["error_message"]
        else:
            assert one["state"] == State.REDEEMED
            told = one["receipt"]["id" if one["partner"] == "uniqodo" else "message"]
            assert told.removeprefix("received ") == f"{one['order_id']}-{one['code']}"
        if "FOREIGN" in one["code"] and one["partner"] == "uniqodo":
            assert one["attempts"] == 2
        elif "MORE" not in one["code"]:
            assert one["attempts"] == 1
