"""The order-completed event as shops and ERPs send it: the one schema behind every way in.

Strict on purpose: an unknown field is refused by name, so that a typo is not silence, and money is never a float.
What comes out (`tasks.orders.Order`) no longer holds the customer's address, only its hash.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tasks.money import net_value, to_cents
from tasks.partners import PROVENANCES

_DECIMAL: Final = re.compile(r"\d{1,12}(\.\d{1,6})?")
_DECIMAL_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"},
        {"type": "integer", "minimum": 0, "maximum": 10**12 - 1},
    ]
}


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with an event: where (a JSON path as in RFC 9535) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidEvent(Exception):  # noqa: N818 - named by what happened, as the dead-letter reason is
    """The event is not as the contract says; `errors` names every field at fault, never a value."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


def _decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError(
            "decimal", 'must be a decimal string such as "219.99" (an integer is fine, a float is not)'
        )
    text = str(value).strip()
    if text.startswith("-"):
        raise PydanticCustomError("decimal", "must not be negative")
    if not _DECIMAL.fullmatch(text):
        raise PydanticCustomError(
            "decimal", 'must be a decimal string with a dot, such as "219.99", without currency or grouping'
        )
    return Decimal(text)


@functools.cache
def _currencies() -> frozenset[str]:
    import iso4217  # noqa: PLC0415 - parses its XML table on import (100 ms), which only a currency is worth

    return frozenset(currency.code for currency in iso4217.Currency)


def _currency(value: object) -> object:
    if isinstance(value, str) and value not in _currencies():
        raise PydanticCustomError("currency", 'must be an ISO 4217 code in upper case, such as "GBP"')
    return value


def _iso_time(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("time", 'must be an ISO 8601 string such as "2026-11-21T20:15:00Z"')
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise PydanticCustomError(
            "time", 'must be an ISO 8601 time such as "2026-11-21T20:15:00Z"'
        ) from None  # the cause only repeats the input
    if moment.tzinfo is None:
        raise PydanticCustomError("time", 'needs a time zone: "Z" or an offset such as "+01:00"')
    return moment


def _provenance(value: object) -> object:
    if isinstance(value, str) and value not in PROVENANCES:
        raise PydanticCustomError("provenance", f"must be one of {', '.join(PROVENANCES)}")
    return value


# No control characters: they would be sent on as they stand, into URLs, logs and terminals.
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"


def _text(longest: int, *, shortest: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest, pattern=_PRINTABLE)


Name = Annotated[str, _text(128)]
Amount = Annotated[Decimal, BeforeValidator(_decimal), WithJsonSchema(_DECIMAL_SCHEMA)]
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


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Coupon(_Strict):
    """One voucher code that the order used."""

    code: Name = Field(description="the code as the customer entered it")
    provenance: Provenance | None = Field(
        None, description='who issued the code, if known; "none" for the merchant\'s own codes'
    )
    validation_key: Annotated[str, _text(256)] | None = Field(
        None, description="Uniqodo's valKey, given when the code was applied to the basket"
    )
    discount: Amount | None = Field(None, description="what this code took off")


class OrderEvent(_Strict):
    """An order was completed."""

    order_id: Name
    shop: Annotated[str, StringConstraints(to_lower=True), _text(64)] = Field(
        "default", description="which of the merchant's shops"
    )
    completed_at: Moment | None = Field(None, description="when the order was placed; default: on arrival")
    order_value: Amount | None = Field(None, description="net of VAT and shipping")
    gross_value: Amount | None = Field(None, description="with `tax` and `shipping`, instead of `order_value`")
    tax: Amount | None = Field(None, description="all VAT of the order, that of shipping included")
    shipping: Amount | None = Field(None, description="shipping without VAT")
    currency: Currency | None = Field(None, description="ISO 4217, upper case; required with a value")
    coupons: Annotated[list[Coupon], Field(max_length=50)] | None = Field(
        None, description="may be empty or absent: then there is nothing to report"
    )
    email: Address | None = Field(None, description="hashed on arrival; the address goes no further")
    email_hash: EmailHash | None = Field(
        None, description="MD5 of the trimmed, lower-cased address, instead of `email`"
    )
    customer_id: Name | None = Field(
        None, description="Uniqodo's uid, for secure codes; kept only where the shop sends it"
    )
    source: Annotated[str, _text(64)] | None = Field(None, description='"online", "retail", …')
    params: Annotated[list[Annotated[str, _text(256, shortest=0)]], Field(max_length=20)] | None = Field(
        None, description="Uniqodo's p1, p2, …; an empty string fills a gap"
    )
    test: bool = Field(False, description="everything but the partner call")  # noqa: FBT003 - a field's default

    @model_validator(mode="after")
    def _agree(self) -> Self:
        parts = {"gross_value": self.gross_value, "tax": self.tax, "shipping": self.shipping}
        given = [name for name, value in parts.items() if value is not None]
        if given and self.order_value is not None:
            raise _at("order_value", f"given together with {given[0]}: give one or the other")
        missing = [name for name in parts if name not in given]
        if given and missing:
            raise _at(missing[0], f"required with {given[0]}")
        value = self.net_value()
        if value is not None and value < 0:
            raise _at("gross_value", "less than tax and shipping together: the net value would be negative")
        if value is not None and self.currency is None:
            raise _at("currency", "required with a value")
        return self

    def net_value(self) -> Decimal | None:
        """The order's value net of VAT and shipping, two decimals; None where the event has none."""
        if self.order_value is not None:
            return to_cents(self.order_value)
        if self.gross_value is None or self.tax is None or self.shipping is None:
            return None
        return net_value(self.gross_value, self.tax, self.shipping)


def parse_event(event: object) -> OrderEvent:
    """Validate one event, as decoded from JSON.

    Raises InvalidEvent with every field at fault.
    """
    if not isinstance(event, Mapping):
        raise InvalidEvent((FieldError("$", f"must be a JSON object, not {_json_type(event)}"),))
    try:
        return OrderEvent.model_validate(event)
    except ValidationError as error:
        raise InvalidEvent(tuple(map(_field_error, error.errors(include_url=False)))) from None


def event_schema() -> dict[str, Any]:
    """The event's JSON Schema, 2020-12."""
    schema = OrderEvent.model_json_schema()
    parts = ["gross_value", "tax", "shipping"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Order completed",
        "dependentRequired": {
            "order_value": ["currency"],
            **{part: [*(other for other in parts if other != part), "currency"] for part in parts},
        },
        "not": {"required": ["order_value", "gross_value"]},
    }


def _at(field: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{message}", {"field": field, "message": message})


def _field_error(error: Mapping[str, Any]) -> FieldError:
    location = (*error["loc"], *((error["ctx"]["field"],) if error["type"] == "rule" else ()))
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    message = {
        "extra_forbidden": "unknown field",
        "missing": "required",
        "string_pattern_mismatch": _PATTERN_COMPLAINTS.get(str(location[-1]), "must not hold control characters"),
    }.get(error["type"], error["msg"])
    return FieldError(path, message)


_PATTERN_COMPLAINTS: Final = {
    "email": "must be an e-mail address",
    "email_hash": "must be an MD5 hash: 32 hexadecimal digits",
}


def _json_type(value: object) -> str:
    names = {str: "a string", list: "an array", tuple: "an array", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
