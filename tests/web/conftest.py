"""A real door on a free port, over a real broker: one process for all tests of a file, the broker empty before each."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.processes import REDEEM
from tests.tasks.examples import KEY
from worker.dev.broker import EmbeddedValkey

TOKENS = {"uk": "token-of-the-uk-shop-4711", "de": "token-of-the-de-shop-4712"}
SECRETS = {"uk": "whsec_c2VjcmV0LW9mLXRoZS11ay1zaG9wLTQ3MTE=", "de": "whsec_c2VjcmV0LW9mLXRoZS1kZS1zaG9wLTQ3MTI="}
SHOPS = {
    "SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
    "SHOPS__UK__UNIQODO__API_KEY": KEY,
    "SHOPS__UK__UNIQODO__MERCHANT_ID": "17",
    "SHOPS__DE__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4712",
    **{f"SHOPS__{name.upper()}__TOKEN": token for name, token in TOKENS.items()},
    **{f"SHOPS__{name.upper()}__WEBHOOK_SECRET": secret for name, secret in SECRETS.items()},
}
OPEN = {"WEB__ORDERS_PER_SECOND": "0"}


@dataclass
class Web:
    """A running `redeem serve`. A path is asked with the uk shop's token unless another is given; None for none."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    session: requests.Session = field(default_factory=requests.Session)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = TOKENS["uk"],
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - requests' own
    ) -> requests.Response:
        """Any request; a body goes as `data`."""
        known = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.session.request(method, self.url + path, headers=known | dict(headers or {}), timeout=60, **more)

    def get(self, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """GET, otherwise as `request`."""
        return self.request("GET", path, **more)

    def post(
        self,
        path: str,
        payload: object,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - requests' own
    ) -> requests.Response:
        """POST of JSON, or of bytes as they are; otherwise as `request`."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.request(
            "POST", path, data=data, headers={"Content-Type": "application/json"} | dict(headers or {}), **more
        )

    def logged(self) -> str:
        """All it wrote to its log so far."""
        return self.log.read_text(encoding="utf-8")


def environment(broker_url: str, settings: Mapping[str, str]) -> dict[str, str]:
    """A door's environment: nothing of the developer's but what Python needs."""
    found = {name: value for name, value in os.environ.items() if not name.upper().startswith(("REDEEM_", "PORT"))}
    return found | {"REDEEM_BROKER_URL": broker_url, **{f"REDEEM_{name}": value for name, value in settings.items()}}


class Serving:
    """Runs `redeem serve` on a free port; as a context manager it gives the running door, and ends it."""

    def __init__(
        self, broker_url: str, directory: Path, settings: Mapping[str, str] = SHOPS, words: Iterable[str] = ()
    ) -> None:
        self._directory = directory
        self._environment = environment(broker_url, OPEN | {"LOG_FORMAT": "json"} | dict(settings))
        self._words = list(words)

    def __enter__(self) -> Web:
        out, log = self._directory / "serve.out", self._directory / "serve.log"
        command = [*REDEEM, "serve", "--port", "0", *self._words]
        with out.open("wb") as stdout, log.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, cwd=self._directory, env=self._environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
                stdout=stdout, stderr=stderr,
            )  # fmt: skip

        def greeted() -> str:
            assert self._process.poll() is None, log.read_text()
            return out.read_text().partition("http://")[2].partition("/orders")[0]

        address = eventually(greeted, what="the door's address")
        self._web = Web(f"http://{address}", log, self._process)
        eventually(self._answers, what="the door's first answer")
        return self._web

    def _answers(self) -> bool:
        try:
            return self._web.get("/healthz").ok
        except requests.ConnectionError:
            return False

    def __exit__(self, *_: object) -> None:
        self._web.session.close()
        self._process.terminate()
        assert self._process.wait(timeout=30) == 0, self._web.logged()


@pytest.fixture(scope="module")
def _door(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with Serving(valkey.url, tmp_path_factory.mktemp("web")) as web:
        yield web


@pytest.fixture
def web(_door: Web, broker_url: str) -> Web:
    """The door, its broker empty, with two shops that may send as fast as they like."""
    del broker_url
    return _door


def event(order_id: str = "145789", *codes: str, **more: object) -> dict[str, Any]:
    """An order with these Sovendus codes, or one; without a shop."""
    coupons = [{"code": code} for code in codes or ("SKD1",)]
    return {"order_id": order_id, "order_value": "219.99", "currency": "GBP", "coupons": coupons} | more
