"""How old what our pages show may be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from worker.flower_pages import snapshot
from worker.flower_pages.snapshot import Snapshots


@pytest.mark.parametrize("stale", [3600.0, -3600.0])
def test_where_looking_is_dear_the_last_look_is_shown_unless_it_is_old(
    monkeypatch: pytest.MonkeyPatch, stale: float
) -> None:
    monkeypatch.setattr(snapshot, "_DEAR", -1.0)  # every look is
    monkeypatch.setattr(snapshot, "_CHEAP", 3600.0)  # and due at once
    monkeypatch.setattr(snapshot, "_STALE", stale)
    looks: list[Any] = ["then", "now"]

    async def look() -> Any:  # noqa: ANN401 - what it is does not matter here
        await asyncio.sleep(0)
        return looks.pop(0)

    async def seen() -> list[Any]:
        snapshots = Snapshots()
        return [await snapshots.get(look, patience=0.0) for _ in range(2)]

    assert asyncio.run(seen()) == (["then", "then"] if stale > 0 else ["then", "now"])
