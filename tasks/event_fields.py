"""The kinds of fields that an event has, each with its rule: money, currency, time, text, hash. Strict on purpose."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from tasks.partners import PROVENANCES

_DECIMAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_LARGEST_INTEGER: Final = 10**12 - 1
_DECIMAL_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": rf"^{_DECIMAL.pattern}$"},
        {"type": "integer", "minimum": 0, "maximum": _LARGEST_INTEGER},
    ]
}


def _decimal(value: object) -> Decimal:
    if type(value) is str and _DECIMAL.fullmatch(value):  # as nearly all are
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError(
            "decimal", 'must be a decimal string such as "219.99" (an integer is fine, a float is not)'
        )
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:  # Python refuses to write out the largest
        raise PydanticCustomError("decimal", "must have at most 12 digits before the dot")
    written = str(value).strip()
    if written.startswith("-"):
        raise PydanticCustomError("decimal", "must not be negative")
    if not _DECIMAL.fullmatch(written):
        raise PydanticCustomError(
            "decimal", 'must be a decimal string with a dot, such as "219.99", without currency or grouping'
        )
    return Decimal(written)


@functools.cache
def currencies() -> frozenset[str]:
    """All codes of ISO 4217."""
    import iso4217  # noqa: PLC0415 - parses its XML table on import (100 ms), which only a currency is worth

    return frozenset(currency.code for currency in iso4217.Currency)


def _currency(value: object) -> object:
    if isinstance(value, str) and value not in currencies():
        raise PydanticCustomError("currency", 'must be an ISO 4217 code in upper case, such as "GBP"')
    return value


def _iso_time(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("time", 'must be an ISO 8601 string such as "2026-11-21T20:15:00Z"')
    try:
        moment = datetime.fromisoformat(value.strip())
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # in the year 1, UTC may lie in the year before
        raise PydanticCustomError(
            "time", 'must be an ISO 8601 time such as "2026-11-21T20:15:00Z"'
        ) from None  # the cause only repeats the input
    if moment.tzinfo is None:
        raise PydanticCustomError("time", 'needs a time zone: "Z" or an offset such as "+01:00"')
    return in_utc


def _provenance(value: object) -> object:
    if isinstance(value, str) and value not in PROVENANCES:
        raise PydanticCustomError("provenance", f"must be one of {', '.join(PROVENANCES)}")
    return value


# No control characters: they would be sent on as they stand, into URLs, logs and terminals.
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"


def text(longest: int, *, shortest: int = 1) -> StringConstraints:
    """Text of so many characters once the space around it is gone, none of them a control character."""
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest, pattern=_PRINTABLE)


Name = Annotated[str, text(128)]
Amount = Annotated[Decimal, PlainValidator(_decimal), WithJsonSchema(_DECIMAL_SCHEMA)]
Currency = Annotated[str, BeforeValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_iso_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Provenance = Annotated[str, BeforeValidator(_provenance), WithJsonSchema({"type": "string", "enum": list(PROVENANCES)})]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=320, pattern=r"^[^\s\x00-\x1f]+@[^\s\x00-\x1f]+$")
]
EmailHash = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{32}$")]
