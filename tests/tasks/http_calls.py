"""Calls through the real client, and how they fail."""

from __future__ import annotations

import contextlib
import json
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tasks.errors import TransientError
from tasks.http_client import PartnerClient
from tasks.partners.base import Answer, Request

KEY: Final = "s3cr3tkey"
CODE: Final = "C0DE"
TOO_LONG: Final = 30.0
"""Seconds; where this is a limit, the test is over long before, or fails."""
SHORT: Final = 0.3
"""Seconds of a call that is to run into its deadline."""

Make = Callable[[str], Request]


def get(code: str = CODE) -> Request:
    query = "orderId=145789&orderValue=219.99&discount=&currency=GBP"
    return Request("GET", f"/redeem/{KEY}/{code}/17?{query}", {"Accept": "application/json"})


def post(code: str = CODE) -> Request:
    body = json.dumps({"coupon_code": code, "order_id": "145789"}).encode()
    return Request("POST", "/redeem/4711", {"Content-Type": "application/json"}, body)


def send(client: PartnerClient, request: Request) -> Answer:
    return client.send(request, not_after=time.monotonic() + TOO_LONG)


def failure(base_url: str, request: Request, *, call_timeout: float = TOO_LONG) -> TransientError:
    """How a call fails; every text of it is searched for what must not be there."""
    client = PartnerClient(base_url, connect_timeout=3, call_timeout=call_timeout)
    try:
        with pytest.raises(TransientError) as caught:
            send(client, request)
    finally:
        client.close()
    texts = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(vars(caught.value))
    for secret in (KEY, CODE, "145789", "redeem/4711", "orderId", "://", "passw0rd"):
        assert secret not in texts
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@contextlib.contextmanager
def client_of(base_url: str) -> Iterator[PartnerClient]:
    made = PartnerClient(base_url, connect_timeout=3, call_timeout=TOO_LONG)
    try:
        yield made
    finally:
        made.close()
