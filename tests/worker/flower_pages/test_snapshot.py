"""How old what our pages show may be."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tasks.standing.append_only_file import AppendOnlyFile
from tests.acceptance.kit import broker_faults
from tests.worker.apps import running
from worker.dev.broker import EmbeddedValkey
from worker.flower_pages import snapshot
from worker.flower_pages.snapshot import Snapshots, look


@pytest.mark.parametrize("stale", [3600.0, -3600.0])
def test_where_looking_is_dear_the_last_look_is_shown_unless_it_is_old(
    monkeypatch: pytest.MonkeyPatch, stale: float
) -> None:
    monkeypatch.setattr(snapshot, "_DEAR", -1.0)  # every look is
    monkeypatch.setattr(snapshot, "_CHEAP", 3600.0)  # and due at once
    monkeypatch.setattr(snapshot, "_STALE", stale)
    looks: list[Any] = ["then", "now"]

    async def taken() -> Any:  # noqa: ANN401 - what it is does not matter here
        await asyncio.sleep(0)
        return looks.pop(0)

    async def seen() -> list[Any]:
        snapshots = Snapshots()
        return [await snapshots.get(taken, patience=0.0) for _ in range(2)]

    assert asyncio.run(seen()) == (["then", "then"] if stale > 0 else ["then", "now"])


def test_what_a_full_disk_has_done_is_seen(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, running(server.url) as app:
        assert look(app.runtime).append_only_file is AppendOnlyFile.OK
        with broker_faults.disk_was_full(server):
            assert look(app.runtime).append_only_file is AppendOnlyFile.FAILING
        assert look(app.runtime).append_only_file is AppendOnlyFile.REWRITE_NEEDED
