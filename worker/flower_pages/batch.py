"""What an operator set off, how far it is, and what became of the letters."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tornado.web import HTTPError, authenticated

from tasks.ledger import Ledger
from worker.flower_pages.batches import Batch, Progress
from worker.flower_pages.current import CurrentPage

_LOOKED_UP: Final = 200  # redemptions whose state is told


class _OfBatch(CurrentPage):
    """Of one batch."""

    def batch(self, number: str) -> Batch:
        """The batch of that number.

        Raises HTTPError.
        """
        batch = self.batches.find(number)
        if batch is None:
            raise HTTPError(
                404, "Flower knows nothing of that any more, perhaps since it was started anew. `redeem audit` does."
            )
        return batch


class BatchPage(_OfBatch):
    """The page of one batch, and all that is left of it where `fragment` is asked for."""

    @authenticated
    async def get(self) -> None:
        """How it stands."""
        batch = self.batch(self.get_query_argument("number", "") or "")
        ids = [one for outcome in list(batch.named) for one in outcome.redemptions][-_LOOKED_UP:]
        states = await self.in_thread(_states, self.ledger, ids)
        self.show(
            "batch_part.html" if self.is_fragment else "batch.html",
            batch=batch,
            states=states,
            settled=not states["queued"] + states["sending"] + states["retrying"],
            running=batch.progress is Progress.RUNNING,
        )


class StopBatch(_OfBatch):
    """Ends it after the letter in hand."""

    @authenticated
    async def post(self) -> None:
        """Stop it, and go back to it."""
        self.refuse_if_read_only()
        batch = self.batch(self.get_body_argument("number", "") or "")
        batch.stop.set()
        self.redirect(self.link("batch", number=batch.number), status=303)


def _states(ledger: Ledger, ids: list[str]) -> Counter[str]:
    """How many of the redemptions are in which state.

    Raises redis.RedisError.
    """
    return Counter(record.state.value for record in ledger.find_all(ids, ("state",)))
