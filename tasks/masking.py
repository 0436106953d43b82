"""Personal data out of an event that is kept although it is not valid. Pure.

The address becomes its hash, as it would have; the customer's identifier and the values of unknown fields go, for
nobody can say what they hold; and every other word that looks like an address is blanked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tasks.events import Coupon, OrderEvent
from tasks.orders import hash_email
from tasks.plain_text import MASK, without_addresses

_KNOWN: Final = frozenset(OrderEvent.model_fields) - {"customer_id", "email"}


def mask_event(event: object) -> Any:  # noqa: ANN401 - any JSON value
    """The event as it may be kept: same shape, no personal data, and text that UTF-8 can carry."""
    if not isinstance(event, Mapping):
        return _blank(event)
    kept: dict[str, Any] = {}
    for name, value in event.items():
        if name == "email":
            kept |= _hashed(value)
        elif name == "coupons" and isinstance(value, list):
            kept["coupons"] = [_coupon(coupon) for coupon in value]
        else:
            kept[without_addresses(str(name))] = _blank(value) if name in _KNOWN else MASK
    return kept


def _hashed(email: object) -> dict[str, str]:
    if isinstance(email, str) and "@" in email:
        try:
            return {"email_hash": hash_email(email)}
        except UnicodeEncodeError:  # half a surrogate pair
            return {"email": MASK}
    return {"email": MASK}


def _coupon(coupon: object) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(coupon, Mapping):
        return _blank(coupon)
    return {
        without_addresses(str(name)): _blank(value) if name in Coupon.model_fields else MASK
        for name, value in coupon.items()
    }


def _blank(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Scalars and lists of them without addresses; what is nested where nothing nests is masked whole."""
    return [_scalar(item) for item in value] if isinstance(value, list | tuple) else _scalar(value)


def _scalar(value: object) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, str):
        return without_addresses(value)
    return value if value is None or isinstance(value, bool | int | float) else MASK
