"""What is wrong with an event: every field at fault by its JSON path, and never a value, which may be personal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tasks.plain_text import readable

_MOST_ERRORS: Final = 20
"""More are counted, not told: an event of a megabyte shall not make a dead letter of ten."""
_PLAIN_NAME: Final = re.compile(r"[^\W\d]\w{0,63}")
_LONGEST_NAME: Final = 64


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with an event: where (a JSON path as in RFC 9535) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidEvent(Exception):  # noqa: N818 - named by what happened, as the dead-letter reason is
    """The event is not as the contract says; `errors` names every field at fault, never a value."""

    reason: ClassVar[str] = "invalid_event"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


def invalid_event(error: ValidationError) -> InvalidEvent:
    """What the model complains of, in our words."""
    found = error.errors(include_url=False, include_input=False)
    more = len(found) - _MOST_ERRORS
    told = tuple(map(_field_error, found[:_MOST_ERRORS]))
    return InvalidEvent((*told, FieldError("$", f"and {more} more")) if more > 0 else told)


def json_path(location: Iterable[int | str]) -> str:
    """`$.coupons[0].code`. A strange name stands quoted, as it can be shown; an address in it is masked."""
    return "$" + "".join(map(_step, location))


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_NAME.fullmatch(part):
        return f".{part}"
    name = readable(part, _LONGEST_NAME).replace("\\", "\\\\").replace("'", "\\'")
    return f"['{name}']"


def _field_error(error: ErrorDetails) -> FieldError:
    kind, location = error["type"], error["loc"]
    if kind == "rule":  # of the event as a whole: which field it is about, the rule says
        location = (*location, error["ctx"]["field"])
    if kind == "string_pattern_mismatch":
        complaint = _PATTERN_COMPLAINTS.get(location[-1], "must not hold control characters")
    elif kind in _COMPLAINTS:
        complaint = _COMPLAINTS[kind].format_map(error.get("ctx", {}))
    else:
        complaint = error["msg"]
    return FieldError(json_path(location), complaint)


_COMPLAINTS: Final[dict[str, str]] = {
    "extra_forbidden": "unknown field",
    "missing": "required",
    "model_type": "must be a JSON object",
    "string_too_long": "may have {max_length} characters at the most",
    "string_too_short": "must not be empty",
    "too_long": "may have {max_length} entries at the most",
    "string_type": "must be a string, in quotes",
    "list_type": "must be an array",
    "bool_type": "must be true or false, without quotes",
    "string_unicode": "holds text that is no Unicode, or a field whose name is none",
}
_PATTERN_COMPLAINTS: Final[dict[int | str, str]] = {
    "email": "must be an e-mail address",
    "email_hash": "must be an MD5 hash: 32 hexadecimal digits",
}
