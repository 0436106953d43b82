"""What a page that is due needs beside the snapshot: how many now, how much money, and the latest as an example."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tasks.dead_letters.finding import Filters, find_dead
from tasks.ledger import Record
from tasks.paging.alarms import Topic
from tasks.paging.due import Due
from tasks.paging.snapshot import NOBODY
from tasks.runtime import Runtime
from tasks.standing.survey import Survey

_LATEST: Final = 200  # dead letters that are looked through for an example
_FIELDS: Final = ("state", "partner", "shop", "reason", "error_code", "error_message", "raw_as", "test")


@dataclass(frozen=True)
class Facts:
    """What is fetched only for a page that is due."""

    dead: int = 0
    """Letters of this kind that are dead now."""
    died: int = 0
    """The account's letters that died since its last success."""
    money: dict[str, str] = field(default_factory=dict)
    """Currency → order values concerned, each order once."""
    newest: dict[str, str] = field(default_factory=dict)
    """The latest of these letters: `id` and `error`."""


def gather_facts(runtime: Runtime, due: Due, found: Survey) -> Facts:
    """The facts about one topic, by a survey that was just made.

    Raises redis.RedisError.
    """
    topic = due.topic
    if topic.name == "dead_letters":
        return _of_letters(runtime, topic, found)
    if topic.name == "many_dead_letters":
        return Facts(dead=found.dead.count, money=found.dead.money.to_json())
    if not topic.partner:
        return Facts()
    money = found.account(*topic.place).waiting.money.to_json()
    if topic.name == "no_success" and due.alarm is not None:
        return Facts(died=_died_since(runtime, topic, due.alarm.since), money=money)
    return Facts(money=money)


def _of_letters(runtime: Runtime, topic: Topic, found: Survey) -> Facts:
    piles = [
        pile
        for cause, pile in found.causes.items()
        if (cause.reason, cause.error_code) == (topic.reason, topic.code)
        and _place(runtime, cause.partner, cause.shop) == topic.place
    ]
    money: dict[str, Decimal] = {}
    for pile in piles:  # of different shops, so that no order is in two of them
        for currency, amount in pile.money.totals.items():
            money[currency] = money.get(currency, Decimal(0)) + amount
    told = {currency: str(amount) for currency, amount in sorted(money.items())}
    return Facts(sum(pile.count for pile in piles), money=told, newest=_newest(runtime, topic))


def _place(runtime: Runtime, partner: str, shop: str) -> tuple[str, str]:
    """As snapshots have it: shops that no settings name are one."""
    return partner, shop if shop in runtime.settings.shops else ""


def _died_since(runtime: Runtime, topic: Topic, moment: int) -> int:
    since = datetime.fromtimestamp(moment / 1000, UTC)
    filters = Filters(partner=topic.partner, shop=topic.shop, since=since)
    return sum(1 for _ in find_dead(runtime.ledger, filters, _FIELDS))


def _newest(runtime: Runtime, topic: Topic) -> dict[str, str]:
    """The latest letter of that kind, if it is among the latest of all."""
    ledger = runtime.ledger
    ids = ledger.redis.zrange(ledger.key("dead"), 0, _LATEST - 1, desc=True)
    for record in ledger.find_all(ids, _FIELDS):
        if _is_of(runtime, topic, record):
            return {"id": record.id, "error": record.fields.get("error_message", "")}
    return {}


def _is_of(runtime: Runtime, topic: Topic, record: Record) -> bool:
    cause = (record.reason or "", record.fields.get("error_code", ""))
    place = _place(runtime, record.partner, record.shop) if record.is_redemption else NOBODY
    return not record.test and cause == (topic.reason, topic.code) and place == topic.place
