"""Pages that show how things stand, and what they share in this process: one look at Redis, and the batches."""

from __future__ import annotations

from typing import Final

from worker.flower_pages.batches import Batches
from worker.flower_pages.page import Page
from worker.flower_pages.snapshot import Snapshot, Snapshots, look

SNAPSHOTS: Final = Snapshots()
BATCHES: Final = Batches()


class CurrentPage(Page):
    """Base of such pages."""

    @property
    def batches(self) -> Batches:
        """What operators set off."""
        return BATCHES

    async def snapshot(self) -> Snapshot:
        """How things stand, or stood a moment ago.

        Raises redis.RedisError.
        """
        return await SNAPSHOTS.get(lambda: self.in_thread(look, self.runtime))

    def changed(self) -> None:
        """Somebody pressed something: the next page shows it."""
        SNAPSHOTS.forget()
