"""Replaying and discarding from a browser: first what it would mean, in counts and money, then in the background."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from tornado.web import HTTPError, authenticated

from tasks.dead_letters.acting import DEFAULT_RATE, Preview, Selection, preview
from tasks.dead_letters.amendment import Amendment, InvalidAmendment
from tasks.dead_letters.amendment_text import parse_amendment
from worker.flower_pages.asked import FIELDS, Asked
from worker.flower_pages.batches import Progress, Wish
from worker.flower_pages.current import CurrentPage

ACTIONS: Final = ("replay", "discard")
RATES: Final = (2.0, DEFAULT_RATE, 50.0, 0.0)
"""Letters a second that can be chosen; 0: as fast as it goes."""
_MOST_CHOSEN: Final = 500  # ids in one form
_SEEN_WITHIN: Final = 0.6  # seconds: what is done by then is shown as done
_LOOKS_EVERY: Final = 0.05


class ActingPage(CurrentPage):
    """What asks and what does have in common: a form says what to do, `action` with the letters ticked, or `every`
    with all that match the filters. Empty filter fields never mean everything: `all` has to say so.
    """

    def action(self) -> str:
        """`replay` or `discard`.

        Raises HTTPError.
        """
        action = self.get_body_argument("action", "") or str(self.get_body_argument("every", ""))
        if action not in ACTIONS:
            raise HTTPError(400, "neither replay nor discard")
        return action

    def amendment_texts(self) -> list[str]:
        """The fields to be set right, as `field=value`; a suggested one that was left empty is not among them."""
        given = zip(self.get_body_arguments("set_name"), self.get_body_arguments("set_value"), strict=False)
        texts = [f"{name}={value}" for name, value in given if value]
        more = re.split(r",\s*(?=[\w$.\[\]']+=)", self.get_body_argument("set_more", "") or "")
        return [*texts, *filter(None, more), *self.get_body_arguments("set")]

    def amendment(self) -> Amendment:
        """The same, read.

        Raises HTTPError.
        """
        try:
            return parse_amendment(self.amendment_texts())
        except InvalidAmendment as error:
            raise HTTPError(400, str(error)) from error

    async def selection(self) -> Selection | None:
        """The letters ticked, or all that match and are dead now; None where none is ticked.

        Raises HTTPError where the form does not say which, and redis.RedisError.
        """
        if not self.get_body_argument("every", ""):
            ids = tuple(dict.fromkeys(self.get_body_arguments("id", strip=False)))
            if len(ids) > _MOST_CHOSEN:
                raise HTTPError(400, "too many at once: use the filters, and all that match")
            return Selection(ids=ids) if any(ids) else None
        now = await self.in_thread(self.ledger.now)
        asked = Asked.read({name: self.get_body_argument(name, "") or "" for name in FIELDS}, now)
        if asked.wrong:
            raise HTTPError(400, "; ".join(asked.wrong.values()))
        every = bool(self.get_body_argument("all", ""))
        if not asked.written and not every:
            raise HTTPError(400, "say which: tick letters, set a filter, or ask for all there are")
        return Selection(asked.filters, every=every).as_of(now)


class Confirm(ActingPage):
    """Says what would be done, and asks. Changes nothing."""

    @authenticated
    async def post(self) -> None:
        """The question."""
        self.refuse_if_read_only()
        selection = await self.selection()
        self.amendment()
        expected = await self.in_thread(preview, self.ledger, selection) if selection else Preview()
        until = selection.filters.until if selection else None
        written = {name: self.get_body_argument(name, "").strip() for name in FIELDS}
        self.show(
            "confirm.html",
            action=self.action(),
            selection=selection,
            asked={name: value for name, value in written.items() if value},
            written=written | ({"until": until.isoformat()} if until else {}),
            written_amendment=self.amendment_texts(),
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
        selection = await self.selection()
        if selection is None:
            raise HTTPError(400, "no letter was ticked")
        wish = Wish(self.action(), selection, self.amendment(), self.rate(), self.who)
        expected = self.get_body_argument("expected", "") or ""
        batch = self.batches.start(self.app, wish, int(expected) if expected.isdecimal() else 0)
        for _ in range(round(_SEEN_WITHIN / _LOOKS_EVERY)):
            if batch.progress is not Progress.RUNNING:
                break
            await asyncio.sleep(_LOOKS_EVERY)
        self.changed()
        self.redirect(self.link("batch", number=batch.number), status=303)

    def rate(self) -> float:
        """Letters a second.

        Raises HTTPError.
        """
        written = self.get_body_argument("rate", "") or str(DEFAULT_RATE)
        rate = next((one for one in RATES if str(one) == written), None)
        if rate is None:
            raise HTTPError(400, "no such pace")
        return rate
