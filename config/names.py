"""Names of settings: which there are, what each is called as a variable, and which one a wrong name may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

PREFIX = "REDEEM_"
DELIMITER = "__"
ANY = "*"
"""Stands in a path for a name the merchant chooses: a shop's."""

Path = tuple[str, ...]
"""A setting's place in the tree, lower-case: ("retry", "base")."""

_SERVICE_LINK = re.compile(
    r"REDEEM_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_.+)?)?)"
)


def variable(path: tuple[str | int, ...]) -> str:
    """The setting's name in the environment: ("retry", "base") → `REDEEM_RETRY__BASE`."""
    return PREFIX + DELIMITER.join(str(part) for part in path).upper()


@dataclass(frozen=True)
class Names:
    """All settings of a model, by path; `ANY` where a shop's name stands."""

    known: frozenset[Path]

    def has(self, path: Path) -> bool:
        """Whether there is a setting at that path."""
        return any(pattern in self.known for pattern in (path, _with_any(path)))

    def fault(self, path: Path) -> str | None:
        """What is wrong with that path as a setting's name, in a sentence; None when nothing is."""
        if self.has(path):
            return None
        members = sorted({variable((*path, *rest)) for rest in self._beneath(path)})
        if members:
            return f"is a group of settings: set {', '.join(members[:3])}{', …' if len(members) > 3 else ''}"  # noqa: PLR2004
        name = variable(path)
        meant = difflib.get_close_matches(name, self._candidates(path), n=1, cutoff=0.8)
        if meant:
            return f"no such setting; did you mean {meant[0]}?"
        if _SERVICE_LINK.fullmatch(name):
            return "no such setting; it looks like a Kubernetes service link: turn enableServiceLinks off"
        return "no such setting"

    def _beneath(self, path: Path) -> Iterator[Path]:
        for start in (path, _with_any(path)):
            for pattern in self.known:
                if len(pattern) > len(start) and pattern[: len(start)] == start:
                    yield tuple("<SHOP>" if part == ANY else part for part in pattern[len(start) :])

    def _candidates(self, path: Path) -> list[str]:
        shop = path[1] if len(path) > 1 else "<SHOP>"
        return sorted(
            variable(tuple(shop if part == ANY else part for part in known)) for known in self.known
        )


def _with_any(path: Path) -> Path:
    return (path[0], ANY, *path[2:]) if len(path) > 1 else path


def names_of(model: type[BaseModel]) -> Names:
    """Every setting of that model and of the models within it."""
    return Names(frozenset(_leaves(model, ())))


def _leaves(model: type[BaseModel], above: Path) -> Iterator[Path]:
    for name, field in model.model_fields.items():
        yield from _leaves_of_type(field.annotation, (*above, name))


def _leaves_of_type(annotation: object, path: Path) -> Iterator[Path]:
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _leaves(annotation, path)
    elif origin is Annotated:
        yield from _leaves_of_type(get_args(annotation)[0], path)
    elif origin in (Union, UnionType) and (
        models := [a for a in get_args(annotation) if a is not type(None)]
    ):
        yield from _leaves_of_type(models[0], path)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _leaves_of_type(get_args(annotation)[1], (*path, ANY))
    else:
        yield path
