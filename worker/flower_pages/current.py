"""Pages that show how things stand, and what they share in this process: one look at Redis, and the batches."""

from __future__ import annotations

from typing import Final

from worker.flower_pages.batches import Batches
from worker.flower_pages.page import Page
from worker.flower_pages.snapshot import Snapshot, Snapshots, look

SNAPSHOTS: Final = Snapshots()
BATCHES: Final = Batches()
_RENEWED: Final = 2.0  # seconds: however many have a page open, this often is looked


class CurrentPage(Page):
    """Base of such pages."""

    @property
    def batches(self) -> Batches:
        """What operators set off."""
        return BATCHES

    async def snapshot(self) -> Snapshot:
        """How things stand; where a page renews itself, how they stood a moment ago.

        Raises redis.RedisError.
        """
        patience = _RENEWED if self.is_fragment else 0.0
        return await SNAPSHOTS.get(lambda: self.in_thread(look, self.runtime), patience=patience)

    @property
    def is_fragment(self) -> bool:
        """Whether a page asks for the part of itself that changes."""
        return bool(self.get_query_argument("fragment", ""))

    def changed(self) -> None:
        """Somebody pressed something: the next page shows it."""
        SNAPSHOTS.forget()
