"""pydantic's errors in the operator's words: by variable, with where it was set, and never with a value."""

from __future__ import annotations

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
    "string_type": "must be text (in TOML: in quotes)",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "model_type": "must be a table",
    "dict_type": "must be a table",
}
_UNSET = {
    "broker_url": "is not set: where Redis or Valkey listens, as redis://localhost:6379/0 (`redeem up` starts a broker by itself)",
}
_FOLLOWS_FROM_ANOTHER = "default_factory_not_called"


def complaints_from(error: ValidationError, layers: Sequence[Layer]) -> list[Complaint]:
    """One complaint for each thing wrong, in the order of the model's fields."""
    return [
        found
        for details in error.errors(include_input=False, include_url=False)
        for found in _of(details, layers)
    ]


def _of(details: ErrorDetails, layers: Sequence[Layer]) -> Iterator[Complaint]:
    loc = tuple(part for part in details["loc"] if part != "[key]")
    if details["type"] == "contradiction":
        group = variable(loc)
        for field, text in details["ctx"]["complaints"].items():
            path = (*loc, field)
            yield Complaint(_named(path), text.replace(GROUP, group), _origin(path, layers))
    elif details["type"] != _FOLLOWS_FROM_ANOTHER:
        yield Complaint(_named(loc), _sentence(details, loc), _origin(loc, layers))


def _named(loc: tuple[str | int, ...]) -> str:
    """`REDEEM_SHOPS__UK__RULES[0].pattern`: from the first number on, the place is within one setting's value."""
    cut = next((i for i, part in enumerate(loc) if isinstance(part, int)), len(loc))
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc[cut:])
    return variable(loc[:cut]) + inner


def _sentence(details: ErrorDetails, loc: tuple[str | int, ...]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return _UNSET.get(str(loc[-1]), "is not set")
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return _SENTENCES.get(kind) or details["msg"].replace("Input should be", "must be")


def _origin(loc: tuple[str | int, ...], layers: Sequence[Layer]) -> str | None:
    """The strongest source that sets this, or anything beneath or above it."""
    path = tuple(str(part).split("[")[0] for part in loc)
    for layer in layers:
        if any(key[: len(path)] == path or path[: len(key)] == key for key in layer.values):
            return layer.origin
    return None
