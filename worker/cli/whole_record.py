"""All that may be told of a redemption or dead letter: the contract's fields, what else is known, its history."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from tasks.ledger import Ledger, Record
from tasks.messages.burying import what_came


def whole(ledger: Ledger, record: Record) -> dict[str, Any]:
    """The record as JSON, personal data aside; with what a bad message was made of, which may be large.

    Raises redis.RedisError.
    """
    came = b"" if record.is_redemption else what_came(ledger, record)
    return known(record) | _raw(came) | {"history": record.history()}


def known(record: Record) -> dict[str, Any]:
    """The contract's fields, and of the others those that there are."""
    fields = record.fields
    later = json.loads(fields["later_content"]) if "later_content" in fields else None
    more = {
        "accepted_at": iso(record.moment("accepted_at")),
        "died_at": iso(record.moment("died_at")),
        "note": fields.get("note"),
        "ambiguous": record.ambiguous or None,
        "later_content": later,
        "queue": fields.get("queue"),
        "raw_bytes": int(fields["raw_bytes"]) if "raw_bytes" in fields else None,
        "raw_until": iso(record.moment("raw_until")),
    }
    return record.to_json() | {name: value for name, value in more.items() if value is not None}


def iso(moment: datetime | None) -> str | None:
    """To the millisecond, UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _raw(came: bytes) -> dict[str, str]:
    if not came:
        return {}
    try:
        return {"raw": came.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": b64encode(came).decode()}
