"""What `redeem erase` says: before, what would go and at what cost; after, what went and where it may still stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.settings import Settings
from tasks.erasure import Erased, Found, Refusal, Subject
from tasks.erasure.consequences import would_lack
from tasks.erasure.erasing import NOT_SENT
from worker.cli.status import money

_WORDS: Final[Mapping[str, str]] = {
    "redemptions": "redemptions, with their histories",
    "letters": "dead letters that are no redemptions, with what came",
    "events": "events in the queue that no worker has taken",
    "messages": "other messages in the queues: doorbells go, events are written anew",
    "in_hand": "messages in the hands of workers, to be waited for",
    "masked": "other places that name it, where a mark will stand",
    "outcomes": "entries of the outcome stream: reports of that time will lack them",
    "outcomes masked": "outcomes that name it, where a mark will stand",
    "audit masked": "entries of the audit trail that name it, where a mark will stand",
}


def dry_run(settings: Settings, subject: Subject, found: Found, refused: list[Refusal]) -> Iterator[str]:
    """The plan, in lines."""
    if not found:
        return
    yield f"would erase, by {subject.kinds}:"
    yield from _table(found.counts())
    if states := found.states():
        yield f"the redemptions are {_listed(states)}"
    yield from _costs(settings, found)
    yield from (f"stays: {line}" for line in found.stuck)
    yield from map(_refusal, refused)
    if not refused:
        yield "nothing done: add --yes to do it"


def _costs(settings: Settings, found: Found) -> Iterator[str]:
    if unreported := [one for doomed in found.orders.values() for one in doomed.unreported()]:
        worth = money(found.unreported().to_json())
        yield f"NOT REPORTED and never will be: {len(unreported)} redemptions" + (f", worth {worth}" if worth else "")
        yield from (f"  {record.id}  {record.state}" for record in unreported)
    for record, lacks in would_lack(settings, found):
        yield f"CANNOT BE SENT any more: {record.id}  {lacks}"


def dry_run_row(settings: Settings, subject: Subject, found: Found, refused: list[Refusal]) -> dict[str, Any]:
    """The plan, for programs."""
    return {
        "by": subject.kinds,
        "erased": False,
        "counts": dict(found.counts()),
        "states": dict(found.states()),
        "unreported": [record.id for doomed in found.orders.values() for record in doomed.unreported()],
        "money_unreported": found.unreported().to_json(),
        "would_lack": {record.id: lacks for record, lacks in would_lack(settings, found)},
        "refused": [vars(one) for one in refused],
        "left": found.stuck,
    }


def in_words(erased: Erased) -> Iterator[str]:
    """What came of it, in lines."""
    if erased.interrupted:
        yield "an erasure before this one was interrupted; what it left undone is done with this"
    if erased.counts:
        yield "erased:"
        yield from _table(erased.counts)
    yield from map(_refusal, erased.refused)
    yield from (f"left: {line}" for line in erased.left)
    if erased.on_disk:
        yield "on disk:"
        width = max(len(one.place) for one in erased.on_disk)
        yield from (f"  {'ok ' if one.clean else 'NOT'}  {one.place:<{width}}  {one.text}" for one in erased.on_disk)
        yield "backups, logs, and what Flower shows until it is restarted are yours to see to: docs/privacy.md"


def erased_row(subject: Subject, erased: Erased) -> dict[str, Any]:
    """What came of it, for programs."""
    return {
        "by": subject.kinds,
        "erased": bool(erased.counts or erased.interrupted),
        "counts": dict(erased.counts),
        "refused": [vars(one) for one in erased.refused],
        "left": erased.left,
        "on_disk": [vars(one) for one in erased.on_disk],
    }


def _table(counts: Mapping[str, int]) -> Iterator[str]:
    return (f"{count:>8,}  {_WORDS.get(kind, kind)}" for kind, count in counts.items())


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{state} {count:,}" for state, count in sorted(counts.items()))


def _refusal(refusal: Refusal) -> str:
    hint = "add --unreported to give them up" if refusal.why == NOT_SENT else "try again in a moment"
    return f"refused: order {refusal.order_id}, {refusal.why}: {', '.join(refusal.ids)} ({hint})"
