from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.http_client import PartnerClient
from tests.tasks.http_calls import TOO_LONG
from worker.dev.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[PartnerClient]:
    made = PartnerClient(sandbox.url, connect_timeout=3, call_timeout=TOO_LONG)
    yield made
    made.close()
