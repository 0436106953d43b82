"""The order-completed event as shops and ERPs send it: the one schema behind every way in.

Strict on purpose: an unknown field is refused by name, so that a typo is not silence, and money is never a float.
What comes out (`tasks.orders.Order`) no longer holds the customer's address, only its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tasks.event_fields import Address, Amount, Currency, EmailHash, Moment, Name, Provenance, text
from tasks.invalid_event import FieldError, InvalidEvent, invalid_event
from tasks.money import net_value, to_cents


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Coupon(_Strict):
    """One voucher code that the order used."""

    code: Name = Field(description="the code as the customer entered it")
    provenance: Provenance | None = Field(
        None, description='who issued the code, if known; "none" for the merchant\'s own codes'
    )
    validation_key: Annotated[str, text(256)] | None = Field(
        None, description="Uniqodo's valKey, given when the code was applied to the basket"
    )
    discount: Amount | None = Field(None, description="what this code took off")


class OrderEvent(_Strict):
    """An order was completed."""

    order_id: Name
    shop: Annotated[str, StringConstraints(to_lower=True), text(64)] = Field(
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
    source: Annotated[str, text(64)] | None = Field(None, description='"online", "retail", …')
    params: Annotated[list[Annotated[str, text(256, shortest=0)]], Field(max_length=20)] | None = Field(
        None, description="Uniqodo's p1, p2, …; an empty string fills a gap"
    )
    test: bool = Field(False, description="everything but the partner call")  # noqa: FBT003 - a field's default

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.order_value is not None and self.currency is not None and self._has_no_parts():  # as most events do
            return self
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

    def _has_no_parts(self) -> bool:
        return self.gross_value is None and self.tax is None and self.shipping is None

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
        raise invalid_event(error) from None  # the cause holds the event


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


def _json_type(value: object) -> str:
    names = {str: "a string", list: "an array", tuple: "an array", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
