"""What becomes of an event at the door, foretold from `docs/event.schema.json` and a list of rules beyond it.

A JSON Schema cannot say that a currency exists, that a net value is not negative, or that an address has this hash.
Each such rule stands here by itself, written anew, so that what is refused beyond the schema is what is meant to be.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import iso4217
import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA: Final = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text("utf-8"))
_CHECKER: Final = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)
_UNTRIMMED: Final = frozenset({"currency", "email_hash", "provenance"})
_AMOUNTS: Final = ("order_value", "gross_value", "tax", "shipping", "discount")
_CURRENCIES: Final = frozenset(currency.code for currency in iso4217.Currency)
_MOMENT: Final = re.compile(r"(\d{4})-\d\d-\d\d[Tt]\d\d:\d\d:(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def fits_the_schema(event: object) -> bool:
    """Whether the schema takes an event as the door reads it: null is absent, and space around a text is not there."""
    return _CHECKER.is_valid(_trimmed(_without_nulls(event)))


def refused_beyond(event: dict[str, Any]) -> set[str]:
    """The paths at which the door must refuse an event that fits the schema, by a rule that no schema can say."""
    read = _without_nulls(event)
    return {path for rule in _RULES for path in rule(read)}


def _floats(event: dict[str, Any]) -> Iterator[str]:
    """Money is never a float, not even one that JSON Schema counts as an integer (1.0)."""
    yield from (f"$.{name}" for name in _AMOUNTS if isinstance(event.get(name), float))
    for place, coupon in enumerate(event.get("coupons", [])):
        if isinstance(coupon.get("discount"), float):
            yield f"$.coupons[{place}].discount"


def _no_currency(event: dict[str, Any]) -> Iterator[str]:
    """Three capital letters are not yet a currency."""
    if "currency" in event and event["currency"] not in _CURRENCIES:
        yield "$.currency"


def _negative(event: dict[str, Any]) -> Iterator[str]:
    """Gross less tax and shipping, in cents, is not below zero. What is no amount is refused by itself."""
    parts = [event.get(name) for name in ("gross_value", "tax", "shipping")]
    if all(isinstance(part, int | str) for part in parts):
        gross, tax, shipping = (Decimal(str(part).strip()) for part in parts)
        if gross - tax - shipping <= Decimal("-0.005"):
            yield "$.gross_value"


def _moments(event: dict[str, Any]) -> Iterator[str]:
    """An order lies in no future, no leap second and no year that Python has not."""
    if "completed_at" not in event:
        return
    found = _MOMENT.fullmatch(event["completed_at"].strip())
    try:
        moment = datetime.fromisoformat(event["completed_at"].strip().upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        assert found is None or found[1] in ("0000", "0001", "9999") or found[2] == "60", event["completed_at"]
        yield "$.completed_at"
        return
    if moment > datetime.now(UTC) + timedelta(days=1):
        yield "$.completed_at"


def _other_hash(event: dict[str, Any]) -> Iterator[str]:
    """Of address and hash one is enough, and two must agree."""
    if "email" in event and "email_hash" in event:
        hashed = md5(event["email"].strip().lower().encode(), usedforsecurity=False).hexdigest()
        if hashed != event["email_hash"].lower():
            yield "$.email_hash"


_RULES: Final[tuple[Callable[[dict[str, Any]], Iterator[str]], ...]] = (
    _floats,
    _no_currency,
    _negative,
    _moments,
    _other_hash,
)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The event without the optional fields that are null, its coupons' too."""
    if not isinstance(value, dict):
        return value
    kept = {name: member for name, member in value.items() if member is not None or name not in _NULLABLE}
    if isinstance(kept.get("coupons"), list):
        kept["coupons"] = [_without_nulls(coupon) for coupon in kept["coupons"]]
    return kept


_NULLABLE: Final = (SCHEMA["properties"].keys() | SCHEMA["$defs"]["Coupon"]["properties"].keys()) - {
    "order_id",
    "shop",
    "test",
    "code",
}


def _trimmed(value: Any, name: str = "") -> Any:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return {key: _trimmed(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [_trimmed(member, name) for member in value]
    return value.strip() if isinstance(value, str) and name not in _UNTRIMMED else value
