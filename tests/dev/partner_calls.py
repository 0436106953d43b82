"""Calls to the sandbox as a partner's client makes them, through nothing that would tidy them up on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.dev.sandbox import Sandbox

PATIENCE = 5.0
"""Seconds a call may take where none is given; nothing but a failing test waits so long."""

PARAMETERS = {"orderId": "145789", "orderValue": "219.99", "discount": "", "currency": "GBP"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever JSON it is
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def error(self) -> int | str | None:
        """The code of Uniqodo's error, or None."""
        errors = self.json["errors"]
        return errors[0]["code"] if errors else None


def exchange(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return Reply(response.status, dict(response.getheaders()), response.read())


def ask(
    sandbox: Sandbox,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    patience: float = PATIENCE,
) -> Reply:
    connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=patience)
    try:
        return exchange(connection, method, path, body, headers)
    finally:
        connection.close()


def sovendus(sandbox: Sandbox, code: str, number: str = "4711", patience: float = PATIENCE, **fields: object) -> Reply:
    return sovendus_with(sandbox, {"coupon_code": code, "order_id": "145789", **fields}, number, patience)


def sovendus_with(
    sandbox: Sandbox, fields: Mapping[str, object], number: str = "4711", patience: float = PATIENCE
) -> Reply:
    body = json.dumps(fields).encode()
    return ask(sandbox, "POST", f"/redeem/{number}", body, {"Content-Type": "application/json"}, patience)


def uniqodo_path(code: str, key: str = "k1", merchant: str = "17", **parameters: str) -> str:
    return uniqodo_path_with({**PARAMETERS, **parameters}, code, key, merchant)


def uniqodo_path_with(parameters: Mapping[str, str], code: str, key: str = "k1", merchant: str = "17") -> str:
    query = urlencode(parameters, quote_via=quote)
    return f"/redeem/{quote(key, safe='')}/{quote(code, safe='')}/{merchant}?{query}"


def uniqodo(sandbox: Sandbox, code: str, key: str = "k1", patience: float = PATIENCE, **parameters: str) -> Reply:
    path = uniqodo_path_with({**PARAMETERS, **parameters}, code, key)
    return ask(sandbox, "GET", path, patience=patience)


def control(sandbox: Sandbox, method: str, place: str, **body: object) -> Reply:
    return ask(sandbox, method, f"/_sandbox/{place}", json.dumps(body).encode() if body else None)
