"""One dead letter, or whatever it has become: all that is known of it, and what can be done about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from tornado.web import HTTPError, authenticated

from tasks.dead_letters.advice import advise
from tasks.identity import task_id
from tasks.ledger import Ledger, Record, State
from tasks.messages.burying import has_expired, what_came
from tasks.messages.masking import mask_text
from worker.cli.happenings import happening
from worker.flower_pages import wording
from worker.flower_pages.current import CurrentPage
from worker.flower_pages.dead_letters import row_of

_EXCERPT: Final = 4000  # characters of a bad message
_SET: Final = re.compile(r"--set (\S+?)=…")


class Step(NamedTuple):
    """One line of a record's history."""

    at: datetime
    since: str
    """How long after the step before."""
    what: str
    more: str


class Letter(CurrentPage):
    """The page of one letter."""

    @authenticated
    async def get(self) -> None:
        """Everything about it.

        Raises HTTPError where there is no record of that id.
        """
        record = await self.in_thread(self.ledger.find, self.get_query_argument("id", "", strip=False) or "")
        if record is None:
            raise HTTPError(404, "There is no such redemption or dead letter: it may have been forgotten meanwhile.")
        came = "" if record.is_redemption else await self.in_thread(_excerpt, self.ledger, record)
        now = await self.in_thread(self.ledger.now)
        error_code, text = record.fields.get("error_code"), record.fields.get("error_message", "")
        is_dead = record.state is State.DEAD
        advice = advise(record.reason, record.partner, error_code, text) if is_dead else None
        self.show(
            "letter.html",
            row=row_of(record, now),
            record=record,
            is_dead=is_dead,
            advice=advice,
            to_set=_SET.findall(advice.command) if advice else [],
            facts=list(_facts(record)),
            steps=list(_steps(record)),
            came=came,
            task=task_id(record.id) if record.is_redemption else None,
        )


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    fields = record.fields
    yield "id", record.id
    yield "order placed", wording.clock(_moment(fields.get("completed_at")))
    yield "accepted", wording.clock(record.moment("accepted_at"))
    yield "died", wording.clock(record.moment("died_at"))
    yield "reported", wording.clock(record.moment("reported_at"))
    if record.attempts:
        yield "attempts", str(record.attempts)
    if record.ambiguous:
        yield "doubt", "an earlier attempt may have gone through: its answer was lost"
    if record.test:
        yield "test", "a test order: no money, and not in reports"
    for name in ("note", "queue", "raw_bytes", "receipt", "later_content"):
        if fields.get(name):
            yield name.replace("_", " "), fields[name]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _steps(record: Record) -> Iterator[Step]:
    before: datetime | None = None
    for entry in record.history():
        at = datetime.fromisoformat(entry["at"])
        since = wording.duration((at - before).total_seconds()) if before else ""
        yield Step(at, since, *happening(entry))
        before = at


def _excerpt(ledger: Ledger, record: Record) -> str:
    """As much of a bad message as a person reads; what is no text, with its odd bytes written out and no address."""
    came = what_came(ledger, record)
    if has_expired(record, came):
        return "(gone: what nobody can parse is kept for REDEEM_LEDGER__KEEP_UNREADABLE only)"
    try:
        text = came.decode()
    except UnicodeDecodeError:
        text = mask_text(came[:_EXCERPT].decode(errors="backslashreplace"))
    return text[:_EXCERPT] + (" … (redeem dead show ID --json has all of it)" if len(came) > _EXCERPT else "")
