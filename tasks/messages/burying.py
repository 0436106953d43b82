"""Dead letters that are no redemptions: a message that is not ours to run, an event that is not valid.

Each has an id of its own for every occurrence. What came is kept without its personal data, under a key of its own,
since it may be large; `redeem dead show` and a replay fetch it, lists do not.
"""

from __future__ import annotations

import json
import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final, Protocol

from tasks.ledger import Ledger, Record, State
from tasks.ledger.record import SCHEMA_VERSION
from tasks.masking import mask_event
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.masking import is_readable, mask_message, mask_value
from tasks.messages.mending import Doorbell, wanted
from tasks.plain_text import readable
from tasks.runtime import Runtime

_IDS: Final = uuid.UUID("a9a2f0a4-51c1-4a7c-9f0a-6a4f2a3f5a10")


class Reasoned(Protocol):
    """Why something is a dead letter: its text names the defect, its `reason` is one of the contract's names."""

    @property
    def reason(self) -> str:
        """The dead letter's reason."""


def bury_message(runtime: Runtime, raw: bytes, queue: str, error: Reasoned, *, token: str | None = None) -> str:
    """Keep a message that stood in `queue` as a dead letter; returns its id.

    `token`, if given, stands for this one occurrence: what is buried twice under it is one letter. Works when Redis
    has no memory left for anything else.

    Raises redis.RedisError; then nothing is known to be kept, and burying again under the same token is right.
    """
    return _keep(runtime, "message", mask_message(raw), error, {"queue": queue}, token)


def bury_event(runtime: Runtime, event: object, error: Reasoned, *, token: str | None = None) -> str:
    """Keep what should have been an event, as decoded from JSON, as a dead letter; otherwise as `bury_message`."""
    masked = mask_event(event) if isinstance(event, Mapping) else mask_value(event)
    return _keep(runtime, "event", json.dumps(masked, ensure_ascii=False).encode(), error, {}, token)


def what_came(ledger: Ledger, letter: Record) -> bytes:
    """What such a letter was made of, personal data aside; empty once the letter is closed, or what came expired.

    Raises redis.RedisError.
    """
    raw = ledger.raw(letter.id)
    return b64decode(raw) if letter.fields.get("raw_as") == "base64" else raw.encode()


def has_expired(letter: Record, came: bytes) -> bool:
    """Whether what came was kept for its time and is gone: nobody could parse it, so anything may have hidden there."""
    return letter.state is State.DEAD and not came and "raw_until" in letter.fields


def _keep(runtime: Runtime, kind: str, kept: bytes, error: Reasoned, more: Mapping[str, str], token: str | None) -> str:
    letter_id = f"{kind}:{uuid.uuid4() if token is None else uuid.uuid5(_IDS, token)}"
    raw, raw_as = _as_text(kept)
    fields = {
        "v": SCHEMA_VERSION,
        "reason": error.reason,
        "error_message": str(error),
        "raw_as": raw_as,
        "raw_bytes": str(len(kept)),
        **more,
        **_for_tables(raw),
    }
    raw_for = None if is_readable(kept) else runtime.settings.ledger.keep_unreadable
    if runtime.ledger.keep(letter_id, fields, raw, raw_for=raw_for):
        runtime.log.warning(_LOGGED[kind], id=letter_id, reason=error.reason, error=str(error), **more)
    return letter_id


_LOGGED: Final = {"message": "message.buried", "event": "event.invalid"}


def _as_text(kept: bytes) -> tuple[str, str]:
    """What can be kept of it, since the ledger's client speaks UTF-8, and how."""
    try:
        return kept.decode(), "text"
    except UnicodeDecodeError:
        return b64encode(kept).decode(), "base64"


def _for_tables(raw: str) -> dict[str, str]:
    """Order and shop, where an event can be made out that has them."""
    try:
        found = wanted(raw)
    except UnreadableMessage:
        return {}
    if isinstance(found, Doorbell):
        return {}
    values = {name: found.get(name) for name in ("order_id", "shop")}
    return {
        name: readable(str(value), 128)
        for name, value in values.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
