"""Real doors over a real broker: `web`, a process that all tests share, and `here`, one in a thread of each test."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from tests.acceptance.kit.ingest import Ingest
from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.processes import REDEEM
from tests.tasks.examples import KEY
from tests.worker.apps import running
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import LOOPBACK
from worker.web.app import create_web
from worker.web.server import listen, server_of

TOKENS = {"uk": "token-of-the-uk-shop-4711", "de": "token-of-the-de-shop-4712"}
OLD_TOKEN = "former-token-of-the-uk-shop"
SECRETS = {"uk": "whsec_c2VjcmV0LW9mLXRoZS11ay1zaG9wLTQ3MTE=", "de": "whsec_c2VjcmV0LW9mLXRoZS1kZS1zaG9wLTQ3MTI="}
OLD_SECRET = "whsec_Zm9ybWVyLXNlY3JldC1vZi11ay0xMjM0NTY3"
SHARED_SECRET = "secret-of-an-app-for-two-shops"
"""What the shops at and ch have in common."""
SHOPS = {
    "SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
    "SHOPS__UK__UNIQODO__API_KEY": KEY,
    "SHOPS__UK__UNIQODO__MERCHANT_ID": "17",
    "SHOPS__UK__TOKEN": f"{TOKENS['uk']},{OLD_TOKEN}",
    "SHOPS__UK__WEBHOOK_SECRET": f"{SECRETS['uk']},{OLD_SECRET}",
    "SHOPS__DE__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4712",
    "SHOPS__DE__TOKEN": TOKENS["de"],
    "SHOPS__DE__WEBHOOK_SECRET": SECRETS["de"],
    "SHOPS__AT__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4713",
    "SHOPS__AT__WEBHOOK_SECRET": SHARED_SECRET,
    "SHOPS__CH__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4714",
    "SHOPS__CH__WEBHOOK_SECRET": SHARED_SECRET,
    "WEB__ORDERS_PER_SECOND": "0",
}


@dataclass
class Web:
    """A door. It is asked with the uk shop's token unless another is given; None for none."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def port(self) -> int:
        """Of the loopback address."""
        return int(self.url.rpartition(":")[2])

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
        headers = {"Content-Type": "application/json"} | dict(headers or {})
        return self.request("POST", path, data=data, headers=headers, **more)

    def raw(self, request: bytes) -> bytes:
        """What comes back to these bytes until the connection is closed."""
        with socket.create_connection((LOOPBACK, self.port), timeout=60) as link:
            link.sendall(request)
            return b"".join(iter(lambda: link.recv(65536), b""))


class Served(Web):
    """A door in a process of its own, started with `redeem serve` on a free port; ends with the `with` block."""

    def __init__(
        self,
        broker_url: str,
        directory: Path,
        settings: Mapping[str, str] = SHOPS,
        words: Iterable[str] = (),
        *,
        within: Iterable[str] = (),
    ) -> None:
        """`words` follow the command; `within` is one that ends by becoming it."""
        self._out, self._log = directory / "serve.out", directory / "serve.log"
        command = [*within, *REDEEM, "serve", "--port", "0", *words]
        environment = environment_of({"BROKER_URL": broker_url, "LOG_FORMAT": "json"} | dict(settings))
        with self._out.open("wb") as out, self._log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=directory, env=environment, stdout=out, stderr=log)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.process.kill)
            super().__init__(eventually(self._address, what="the door's address"))
            eventually(self._answers, what="the door's first answer")
            on_failure.pop_all()

    def log(self) -> str:
        """All that it logged so far."""
        return self._log.read_text(encoding="utf-8")

    def said(self) -> str:
        """All that it wrote to standard output so far."""
        return self._out.read_text(encoding="utf-8")

    def end(self) -> int:
        """Stop it as a platform does; its exit status."""
        self.session.close()
        self.process.terminate()
        return self.process.wait(timeout=60)

    def _address(self) -> str:
        assert self.process.poll() is None, self.log()
        found = self.said().partition("http://")[2].partition("/orders")[0]
        return found and f"http://{found}"

    def _answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self.get("/healthz", token=None).ok
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        status = self.end()
        assert status == 0, self.log()


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """A process's environment with these settings, and nothing else of the developer's that the door looks at."""
    ours = {f"REDEEM_{name}": value for name, value in settings.items()}
    return {name: value for name, value in os.environ.items() if not name.startswith(("REDEEM_", "PORT"))} | ours


@pytest.fixture(scope="session")
def sentry() -> Iterator[Ingest]:
    """Where `web` reports what went wrong."""
    with Ingest() as server:
        yield server


@pytest.fixture(scope="session")
def _door(valkey: EmbeddedValkey, sentry: Ingest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = SHOPS | {"SENTRY_DSN": sentry.dsn}
    with Served(valkey.url, tmp_path_factory.mktemp("web"), settings) as door:
        yield door


@pytest.fixture
def web(_door: Served, broker_url: str) -> Served:
    """The door, its broker empty, with shops that may send as fast as they like."""
    del broker_url
    return _door


@contextlib.contextmanager
def serving(broker_url: str, *, patience: float = 0.0, **settings: str) -> Iterator[Web]:
    """A door in a thread of this process, with the shops above and other settings: for what is quicker so."""
    with running(broker_url, **SHOPS | settings) as app:
        server, listeners = server_of(create_web(app, patience=patience)), listen(LOOPBACK, 0)
        thread = threading.Thread(target=server.run, args=(listeners,))
        thread.start()
        web = Web(f"http://{LOOPBACK}:{listeners[0].getsockname()[1]}")
        try:
            yield web
        finally:
            web.session.close()
            server.should_exit = True
            thread.join()


@pytest.fixture
def here(broker_url: str) -> Iterator[Web]:
    """Such a door over the empty broker, with no patience for it."""
    with serving(broker_url) as web:
        yield web


def event(order_id: str = "145789", *codes: str, **more: object) -> dict[str, Any]:
    """An order with these codes of Sovendus', or one; without a shop."""
    coupons = [{"code": code} for code in codes or ("SKD1",)]
    return {"order_id": order_id, "order_value": "219.99", "currency": "GBP", "coupons": coupons} | more


def lines(*events: object) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)
