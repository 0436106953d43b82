"""The identity of a redemption: what makes the same code of the same order the same, whoever reports it.

`<partner>:<shop>:<order_id>:<CODE>`, the code trimmed and upper-cased, `:` and `%` inside a part percent-encoded so
that the parts can be told apart again. A test redemption is prefixed `test:` and so never blocks the real one.
"""

from __future__ import annotations

import functools
import re
import uuid

TEST_PREFIX = "test:"
UNROUTED = "unrouted"
"""Stands for the partner where none could be decided (unknown shop, say)."""

_PARTS = 4
_LONGEST = 2048  # characters; the longest parts of an event, all of it percent-encoded, are shorter
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no part of an event may hold: control characters and half surrogate pairs."""

_TASK_NAMESPACE = uuid.UUID("6f0d7c3e-3a51-4d39-9d5c-0d0a7f2b7f11")


def redemption_id(partner: str, shop: str, order_id: str, code: str, *, test: bool = False) -> str:
    """Build the idempotency key from its parts; `code` in any spelling."""
    name = f"{account_name(partner, shop)}:{escaped(order_id)}:{escaped(code.strip().upper())}"
    return TEST_PREFIX + name if test else name


def partner_of(redemption: str) -> str:
    """The partner in a redemption's id."""
    return _unescape(redemption.removeprefix(TEST_PREFIX).split(":")[0])


def shop_of(redemption: str) -> str:
    """The shop in a redemption's id; empty where the id is none."""
    parts = redemption.removeprefix(TEST_PREFIX).split(":")
    return _unescape(parts[1]) if len(parts) > 1 else ""


def order_of(redemption: str) -> str:
    """The order's number in a redemption's id; empty where the id is none."""
    parts = redemption.removeprefix(TEST_PREFIX).split(":")
    return _unescape(parts[2]) if len(parts) == _PARTS else ""


def is_redemption_id(text: str, partner: str) -> bool:
    """Whether a text is a redemption's id, spelled as `redemption_id` spells it, of that partner."""
    parts = [_unescape(part) for part in text.removeprefix(TEST_PREFIX).split(":")]
    if len(parts) != _PARTS or parts[0] != partner or not all(parts) or len(text) > _LONGEST:
        return False
    return _UNFIT.search(text) is None and text == redemption_id(*parts, test=text.startswith(TEST_PREFIX))


def task_id(redemption: str) -> str:
    """The Celery task id under which every attempt at this redemption runs, so that Flower shows one task."""
    return str(uuid.uuid5(_TASK_NAMESPACE, redemption))


def escaped(part: str) -> str:
    """A part as it stands in an id."""
    return part.replace("%", "%25").replace(":", "%3A")


@functools.lru_cache(maxsize=1024)  # few are asked for, by every event
def account_name(partner: str, shop: str) -> str:
    """`<partner>:<shop>`, the name under which an account's health and wake-ups are kept."""
    return f"{escaped(partner)}:{escaped(shop)}"


def account_parts(name: str) -> tuple[str, str]:
    """Partner and shop out of an account's name."""
    partner, _, shop = name.partition(":")
    return _unescape(partner), _unescape(shop)


def _unescape(part: str) -> str:
    return part.replace("%3A", ":").replace("%25", "%")
