from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.http_client import PartnerClient
from tests.tasks.http_calls import TOO_LONG
from worker.dev.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[PartnerClient]:
    made = PartnerClient(sandbox.url, connect_timeout=3, call_timeout=TOO_LONG)
    yield made
    made.close()
