"""Looking through everything that we keep in Redis for a subject; what is found is a plan, nothing is changed.

The order follows a message's way in: what moves on while this looks is met again further on. What moves back is found
by looking again, which an erasure does until there is nothing left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from tasks.erasure import lists
from tasks.erasure.found import Change, Found, Queued
from tasks.erasure.messages import Order, is_about_customer, order_of_message, read, without_customer
from tasks.erasure.subject import PERSONAL, Subject
from tasks.ledger import Ledger, Record
from tasks.messages.burying import what_came
from tasks.messages.mending import Doorbell

_KEYS_A_PAGE: Final = 300
_ENTRIES_A_PAGE: Final = 500

TEXTS: Final = ("history", "error_message", "later_content", "receipt", "note", "details", "what", "probe")
"""Fields, of records, streams and accounts, whose text may speak of other records' orders and customers."""


def search(ledger: Ledger, subject: Subject, going_on: Callable[[], None] = lambda: None) -> Found:
    """Find all that speaks of the subject; `going_on` is called every now and then.

    Raises redis.RedisError, and whatever `going_on` raises.
    """
    found, words = Found(), json.dumps(subject.words())
    for queue in lists.queues():
        for raw in lists.waiting(ledger, queue):
            _judge_queued(subject, Queued(queue, raw), found)
            going_on()
    for raw in lists.in_hand(ledger):
        _judge_in_hand(subject, raw, found)
    _search_hashes(ledger, subject, words, found, going_on)
    for stream in _streams(ledger):
        for entry_id, instead in _judge_stream(ledger, subject, stream, words, going_on):
            found.streams.setdefault(stream, {})[entry_id] = instead
    return found


def _search_hashes(ledger: Ledger, subject: Subject, words: str, found: Found, going_on: Callable[[], None]) -> None:
    seen: set[int] = set()  # the server may tell of a key twice; hashes, since there may be a hundred thousand letters
    for hashes, letters in _pages(ledger, words):
        for record in ledger.find_all({*_ids(hashes), *letters}):
            if hash(record.id) not in seen:
                seen.add(hash(record.id))
                _judge_record(ledger, subject, record, found)
                going_on()
        for key in hashes:
            if not key.startswith("redemption:"):
                _judge_hash(ledger, subject, key, found)
        going_on()


def _judge_queued(subject: Subject, message: Queued, found: Found) -> None:
    order = order_of_message(subject, message.raw)
    if order is not None:
        # A doorbell says nothing that the ledger does not know.
        doorbell = isinstance(read(message.raw), Doorbell)
        (found.queued if doorbell else found.of(order).queued).append(message)
    elif is_about_customer(subject, message.raw):
        instead = without_customer(subject, message.raw)
        if instead is None:
            found.stuck.append(f"a message in the queue {message.queue} cannot be parsed: a worker must take it first")
        else:
            found.queued.append(Queued(message.queue, message.raw, instead))


def _judge_in_hand(subject: Subject, raw: bytes, found: Found) -> None:
    order = order_of_message(subject, raw)
    if order is not None:
        found.of(order).booked += 1
    elif is_about_customer(subject, raw):
        found.booked += 1


def _judge_record(ledger: Ledger, subject: Subject, record: Record, found: Found) -> None:
    if record.is_redemption:
        if subject.is_order(record.order_id, record.shop):
            found.of(Order(record.order_id, record.shop)).records.append(record)
            return
    elif _judge_letter(ledger, subject, record, found):
        return
    changes = _masked(subject, record.fields)
    personal = record.fields.get("personal")
    if personal is not None and subject.is_customer(json.loads(personal)):
        kept = {name: value for name, value in json.loads(personal).items() if name not in PERSONAL}
        changes.append(Change("personal", personal, json.dumps(kept, ensure_ascii=False) if kept else None))
        found.stripped.append(record)
    if changes:
        found.changes[f"redemption:{record.id}"] = changes


def _judge_letter(ledger: Ledger, subject: Subject, letter: Record, found: Found) -> bool:
    """Whether it goes as a whole."""
    came = what_came(ledger, letter)
    order = order_of_message(subject, came) if came else None
    if order is None and letter.order_id and subject.is_order(letter.order_id, letter.shop):
        order = Order(letter.order_id, letter.shop)
    if order is not None:
        found.of(order).records.append(letter)
        return True
    if not is_about_customer(subject, came):
        return False
    instead = without_customer(subject, came) if letter.fields["raw_as"] == "text" else None
    if instead is None:
        found.letters.append(letter)
        return True
    found.changes[f"raw:{letter.id}"] = [Change("", came.decode(), instead.decode())]
    return False


def _judge_hash(ledger: Ledger, subject: Subject, key: str, found: Found) -> None:
    if changes := _masked(subject, ledger.redis.hgetall(ledger.key(key))):
        found.changes[key] = changes


def _judge_stream(
    ledger: Ledger, subject: Subject, stream: str, words: str, going_on: Callable[[], None]
) -> Iterator[tuple[str, list[str] | None]]:
    """Entries that go, and what shall stand in others."""
    position: str | None = ""
    while position is not None:
        after, page = ledger.script("sift_stream", stream, position, _ENTRIES_A_PAGE, words)
        for entry_id, flat in page:
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            if subject.is_order(fields.get("order_id"), fields.get("shop")):
                yield entry_id, None
            elif changes := _masked(subject, fields):
                masked = fields | {change.field: change.instead or "" for change in changes}
                yield entry_id, [part for pair in masked.items() for part in pair]
        going_on()
        position = after or None


def _masked(subject: Subject, fields: Any) -> list[Change]:  # noqa: ANN401 - a mapping of text
    seen = ((name, fields[name]) for name in TEXTS if name in fields)
    masked = (Change(name, text, subject.mask_json(text)) for name, text in seen)
    return [change for change in masked if change.instead != change.seen]


def _pages(ledger: Ledger, words: str) -> Iterator[tuple[list[str], list[str]]]:
    """Hashes that speak of the subject, less the prefix, and letters that may; some of them more than once."""
    cursor = ""
    while cursor != "0":
        cursor, hashes, letters = ledger.script(
            "sift", cursor or "0", _KEYS_A_PAGE, words, "order_id", "personal", *TEXTS
        )
        yield hashes, letters


def _ids(hashes: list[str]) -> Iterator[str]:
    return (key.removeprefix("redemption:") for key in hashes if key.startswith("redemption:"))


def _streams(ledger: Ledger) -> list[str]:
    prefix = ledger.key("")
    names = (key.removeprefix(prefix) for key in ledger.redis.scan_iter(match=prefix + "*", count=1000, _type="stream"))
    return sorted(name for name in set(names) if not name.startswith("rebuilt:"))
