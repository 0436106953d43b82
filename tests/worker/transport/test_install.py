from __future__ import annotations

import pytest
from kombu.transport import TRANSPORT_ALIASES, _transport_cache, get_transport_cls

from worker.transport import install


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_ours_is_taken_also_where_a_connection_was_made_before(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSPORT_ALIASES, scheme, "kombu.transport.redis:Transport")
    monkeypatch.delitem(_transport_cache, scheme, raising=False)
    assert get_transport_cls(scheme).__module__ == "kombu.transport.redis"
    install()
    assert get_transport_cls(scheme).__module__ == "worker.transport.channel"
