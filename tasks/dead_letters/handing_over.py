"""A dead letter that lives on as other redemptions: those are opened, and the letter is closed with a link to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from celery import Celery

from tasks.acceptance import open_and_ring
from tasks.dead_letters.amendment import Amendment
from tasks.dead_letters.finding import Refused
from tasks.ledger import Planned, Record
from tasks.runtime import Runtime


@dataclass(frozen=True)
class Decision:
    """A person's, to replay a letter: who, and what was set right."""

    by: str
    amendment: Amendment

    def entry(self, **links: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
        """What histories say of it."""
        changed = {"set": self.amendment.told()} if self.amendment else {}
        return {"outcome": "replayed", **links, **changed, "by": self.by}


def hand_over(
    app: Celery, runtime: Runtime, record: Record, planned: Sequence[Planned], decision: Decision
) -> list[str]:
    """Open what the letter means today, then close it; each history links to the other. Returns the ids.

    What is known already is not opened again, except that the letter itself is no duplicate of what it becomes.
    Raises Refused where somebody else has closed it meanwhile, and redis.RedisError.
    """
    entry = decision.entry(of=record.id)
    mine = [
        plan._replace(entry=entry, unless=tuple([one for one in plan.unless if one != record.id])) for plan in planned
    ]
    opened = open_and_ring(app, runtime, mine)
    ids = [one.id for one in opened]
    closed = close(runtime, record, ids, decision)
    if not closed and all(one.result == "duplicate" for one in opened):
        raise Refused("no longer a dead letter")
    return ids


def close(runtime: Runtime, record: Record, ids: list[str], decision: Decision) -> bool:
    """Close the letter with a link to what it lives on as; False where it was closed already.

    Raises redis.RedisError.
    """
    return runtime.ledger.discard(record.id, decision.entry(**{"as": ids}))
