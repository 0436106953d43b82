"""Personal data out of an event that is kept although it is not valid. Pure.

The address becomes its hash, as it would have; the customer's identifier goes, and so do the values of unknown fields,
for nobody can say what they hold. Every other word that looks like an address is blanked. What is neither personal nor
secret stays, since it is needed to mend the event: amounts, currencies, times and ids, even where they are of a wrong
type, nested, or in a field whose name is misspelt.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from tasks.event_fields import currencies
from tasks.events import Coupon, OrderEvent
from tasks.messages.typed_values import is_typed
from tasks.orders import hash_email
from tasks.plain_text import MASK, without_addresses

_PERSONAL: Final = ("email", "customer_id")
_OF_EVENTS: Final = (*_PERSONAL, *(name for name in OrderEvent.model_fields if name not in _PERSONAL))
"""Personal ones first: a name that may mean one of them is taken for it."""
_OF_COUPONS: Final = (*_PERSONAL, *Coupon.model_fields)

_FIGURE: Final = re.compile(
    r"(?:[€£$]\s?)?[+-]?\d[\d.,']{0,20}(?:\s?[€£$]|\s?[A-Z]{3})?"  # 219,99 €
    r"|[A-Z]{3}"  # GBP
    r"|\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d[\d:.,]{0,12}(?:Z|\s?[+-][\d:]{2,6}| UTC)?)?"
)
_ID: Final = re.compile(r"(?=\S*\d)[\w.:/-]{1,64}")
_WORD: Final = re.compile(r"[\w.:/-]{1,64}")
_MONEY: Final = re.compile(r"\d{1,9}[.,]\d\d")
_TYPE: Final = re.compile(r"[a-z0-9_]{1,20}")
_AMOUNTS: Final = ("order_value", "gross_value", "tax", "shipping", "discount")
_STAYS: Final[Mapping[str, re.Pattern[str]]] = {
    "order_id": _ID,
    **dict.fromkeys(("shop", "code", "validation_key"), _WORD),
    **dict.fromkeys((*_AMOUNTS, "currency", "completed_at", "test"), _FIGURE),
}
"""Field → the form of the texts that stay in it where it is wrapped in an object or its name is misspelt."""
_MOST_WRAPPED: Final = 4
"""Members of an object in a field that has none: a type and a value, an amount and a currency. One with more is an
order or a customer."""
_DEEPEST: Final = 3  # levels of such objects


def mask_event(event: object) -> Any:  # noqa: ANN401 - any JSON value
    """The event as it may be kept: same shape, no personal data, and text that UTF-8 can carry."""
    if not isinstance(event, Mapping):
        return _blank(event)
    kept: dict[str, Any] = {}
    for name, value in event.items():
        if name == "email":
            kept |= _hashed(value)
        else:
            kept[without_addresses(str(name))] = _member(str(name), value, _OF_EVENTS)
    return kept


def _member(name: str, value: object, known: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    if name not in known:
        return _misspelt(name, value, known)
    if name == "coupons":
        return _coupons(value)
    if name in _PERSONAL:
        return MASK
    return _wrapped(value, _STAYS[name]) if name in _STAYS and not _is_scalar(value) else _blank(value)


def _misspelt(name: str, value: object, known: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    meant = next((one for one in known if _may_mean(name, one)), "")
    if meant == "coupons":
        return _wrapped(value, _WORD) if _is_scalar(value) else _coupons(value)
    if meant in _STAYS:
        return _wrapped(value, _STAYS[meant])
    return value if meant not in _PERSONAL and _says_nothing_of_anybody(value) else MASK


def _hashed(email: object) -> dict[str, str]:
    if isinstance(email, str) and "@" in email:
        try:
            return {"email_hash": hash_email(email)}
        except UnicodeEncodeError:  # half a surrogate pair
            return {"email": MASK}
    return {"email": MASK}


def _coupons(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """A list of coupons; or one alone, or an object of them, which is what PHP makes of a list with gaps."""
    if isinstance(value, list | tuple):
        return [_coupon(coupon) for coupon in value]
    if isinstance(value, Mapping) and value and all(str(name).isdecimal() for name in value):
        return {str(name): _coupon(coupon) for name, coupon in value.items()}
    return _coupon(value)


def _coupon(coupon: object) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(coupon, Mapping):
        return _blank(coupon)
    return {without_addresses(str(name)): _member(str(name), value, _OF_COUPONS) for name, value in coupon.items()}


def _wrapped(value: object, form: re.Pattern[str], room: int = _DEEPEST) -> Any:  # noqa: ANN401 - any JSON value
    """Numbers, and texts that have this form, out of a value that is of a wrong type."""
    if isinstance(value, str):
        return value if form.fullmatch(value.strip()) else MASK
    if _is_scalar(value):
        return value
    if isinstance(value, list | tuple) and room:
        return [_wrapped(one, form, room - 1) for one in value]
    if not isinstance(value, Mapping) or not room or len(value) > _MOST_WRAPPED:
        return MASK
    kept = {
        without_addresses(str(name)): MASK if _is_personal(str(name)) else _wrapped(member, form, room - 1)
        for name, member in value.items()
    }
    kind = value.get("__type__") if is_typed(value) else None
    return kept | {"__type__": kind} if isinstance(kind, str) and _TYPE.fullmatch(kind) else kept


def _is_personal(name: str) -> bool:
    return any(_may_mean(name, one) for one in _PERSONAL)


def _may_mean(name: str, field: str) -> bool:
    """Whether the name may be meant for this field: in another case or style, or with a letter or two wrong."""
    given, meant = _letters(name), _letters(field)
    wrong = 2 if len(meant) > 5 else 1 if len(meant) > 3 else 0  # noqa: PLR2004 - letters
    if abs(len(given) - len(meant)) > wrong:
        return False
    begin = _alike(given, meant)
    given, meant = given[begin:], meant[begin:]
    return max(len(given), len(meant)) - _alike(given[::-1], meant[::-1]) <= wrong


def _alike(one: str, other: str) -> int:
    """How many letters both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@functools.lru_cache(maxsize=256)
def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name[:64])).lower()


def _says_nothing_of_anybody(value: object) -> bool:
    """An amount of money or its currency, whatever the field is called."""
    if isinstance(value, str):
        return _MONEY.fullmatch(value) is not None or value in currencies()
    return (
        value is None
        or isinstance(value, bool)
        or (isinstance(value, float) and value % 1 > 0 and round(value, 2) == value)
    )


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _blank(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Scalars and lists of them without addresses; what is nested where nothing nests is masked whole."""
    return [_scalar(item) for item in value] if isinstance(value, list | tuple) else _scalar(value)


def _scalar(value: object) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, str):
        return without_addresses(value)
    return value if _is_scalar(value) else MASK
