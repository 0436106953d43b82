"""pydantic's errors in the operator's words: by variable, with where it was set, and never with a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.complaints import GROUP, Complaint
from config.names import variable
from config.sources import Layer

_SENTENCES = {
    "extra_forbidden": "no such field",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of a few digits",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "string_type": "must be text (in TOML: in quotes)",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "model_type": "must be a table",
}
_NO_BROKER = (
    "is not set: where Redis or Valkey listens, as redis://localhost:6379/0 (`redeem up` starts a broker by itself)"
)
_Place = tuple[str | int, ...]


def complaints_from(error: ValidationError, layers: Sequence[Layer]) -> list[Complaint]:
    """One complaint for each thing wrong. What is missing goes unmentioned while a source could not be read."""
    broken = any(layer.broken for layer in layers)
    return [
        complaint
        for details in error.errors(include_input=False, include_url=False)
        if not (broken and details["type"] == "missing")
        for complaint in _of(details, layers)
    ]


def _of(details: ErrorDetails, layers: Sequence[Layer]) -> Iterator[Complaint]:
    place = tuple(part for part in details["loc"] if part != "[key]")
    if details["type"] == "contradiction":
        for field, text in details["ctx"]["complaints"].items():
            inner = (*place, *(int(part) if part.isdecimal() else part for part in field.split(".")))
            yield Complaint(_named(inner), text.replace(GROUP, variable(place)), _origin(inner, layers))
    elif details["type"] != "default_factory_not_called":  # follows from a complaint about another field
        yield Complaint(_named(place), _sentence(details, place), _origin(place, layers))


def _named(place: _Place) -> str:
    """`REDEEM_SHOPS__UK__RULES[0].pattern`: from the first number on, the place is within one setting's value."""
    cut = next((at for at, part in enumerate(place) if isinstance(part, int)), len(place))
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place[cut:])
    return variable(place[:cut]) + inner


def _sentence(details: ErrorDetails, place: _Place) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return _NO_BROKER if place == ("broker_url",) else "is not set"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return _SENTENCES.get(kind) or re.sub(r"^(Input|String|Value) should ", "must ", details["msg"])


def _origin(place: _Place, layers: Sequence[Layer]) -> str | None:
    """The strongest source that sets this, or a part of it, or what it is a part of; None when none does."""
    path = tuple(map(str, place))
    for layer in layers:
        if any(path[: len(known)] == known or known[: len(path)] == path for known in layer.values):
            return layer.origin
    return None
