"""Replaying and discarding from a browser: first what it would mean, in counts and money, then in the background."""

from __future__ import annotations

import asyncio
from typing import Final

from tornado.web import HTTPError, authenticated

from tasks.dead_actions import DEFAULT_RATE, Selection, preview
from worker.flower_pages.asked import FIELDS, Asked
from worker.flower_pages.batches import Progress
from worker.flower_pages.current import CurrentPage

ACTIONS: Final = ("replay", "discard")
RATES: Final = (2.0, DEFAULT_RATE, 50.0, 0.0)
"""Letters a second that can be chosen; 0: as fast as it goes."""
_MOST_CHOSEN: Final = 500  # ids in one form
_SEEN_WITHIN: Final = 0.6  # seconds: what is done by then is shown as done
_LOOKS_EVERY: Final = 0.05


class ActingPage(CurrentPage):
    """What asks and what does have in common: a form says what to do, `action` with the letters ticked, or `every`
    with all that match the filters.
    """

    def action(self) -> str:
        """`replay` or `discard`.

        Raises HTTPError.
        """
        action = self.get_body_argument("action", "") or str(self.get_body_argument("every", ""))
        if action not in ACTIONS:
            raise HTTPError(400, "neither replay nor discard")
        return action

    async def selection(self) -> Selection:
        """The letters ticked, or all that match and are dead now.

        Raises HTTPError where that is none, and redis.RedisError.
        """
        if not self.get_body_argument("every", ""):
            ids = tuple(dict.fromkeys(self.get_body_arguments("id", strip=False)))
            if len(ids) > _MOST_CHOSEN:
                raise HTTPError(400, "too many at once: use the filters, and all that match")
            return Selection(ids=ids)
        now = await self.in_thread(self.ledger.now)
        asked = Asked.read({name: self.get_body_argument(name, "") or "" for name in FIELDS}, now)
        if asked.wrong:
            raise HTTPError(400, "; ".join(asked.wrong.values()))
        return Selection(asked.until(now).filters)


class Confirm(ActingPage):
    """Says what would be done, and asks. Changes nothing."""

    @authenticated
    async def post(self) -> None:
        """The question."""
        self.refuse_if_read_only()
        selection = await self.selection()
        expected = await self.in_thread(preview, self.ledger, selection)
        until = selection.filters.until
        self.show(
            "confirm.html",
            action=self.action(),
            selection=selection,
            written={name: self.get_body_argument(name, "") or "" for name in FIELDS}
            | ({"until": until.isoformat()} if until else {}),
            expected=expected,
            rates=RATES,
            usual_rate=DEFAULT_RATE,
            back=self.back(),
        )

    def back(self) -> str:
        """Where the operator came from: the list under its filters."""
        return self.link("dead-letters", **{name: self.get_body_argument(f"was_{name}", "") for name in FIELDS})


class Act(ActingPage):
    """Does it."""

    @authenticated
    async def post(self) -> None:
        """Set it off, and lead to where it can be watched."""
        self.refuse_if_read_only()
        action, selection = self.action(), await self.selection()
        try:
            rate = float(self.get_body_argument("rate", "") or DEFAULT_RATE)
            expected = int(self.get_body_argument("expected", "") or 0)
        except ValueError as error:
            raise HTTPError(400, "no number") from error
        if rate not in RATES:
            raise HTTPError(400, "no such pace")
        batch = self.batches.start(self.app, action, selection, expected, rate=rate, who=self.who)
        for _ in range(round(_SEEN_WITHIN / _LOOKS_EVERY)):
            if batch.progress is not Progress.RUNNING:
                break
            await asyncio.sleep(_LOOKS_EVERY)
        self.changed()
        self.redirect(self.link("batch", number=batch.number), status=303)
