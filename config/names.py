"""Names of settings: which there are, what each is called, and which one a wrong name may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

PREFIX = "REDEEM_"
DELIMITER = "__"
ANY = "*"
"""Stands in a path for a name the merchant chooses: a shop's."""

Path = tuple[str, ...]
"""A setting's place in the tree, lower-case: ("retry", "base")."""

_SERVICE_LINK = re.compile(r"REDEEM_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP)\w*)?)")
"""What Kubernetes puts into each container's environment for a service named `redeem` or `redeem-…`."""
_EXAMPLES = 3


def variable(path: tuple[str | int, ...]) -> str:
    """The setting's name in the environment: ("retry", "base") → `REDEEM_RETRY__BASE`."""
    return PREFIX + DELIMITER.join(str(part) for part in path).upper()


@dataclass(frozen=True)
class Names:
    """All settings of a model by path, `ANY` for a shop's name, and those among them whose values are secret."""

    known: frozenset[Path]
    secret: frozenset[Path]

    def has(self, path: Path) -> bool:
        """Whether there is a setting at that path."""
        return path in self.known or _of_any_shop(path) in self.known

    def is_secret(self, path: Path) -> bool:
        """Whether the setting at that path holds a secret."""
        return path in self.secret or _of_any_shop(path) in self.secret

    def fault(self, path: Path) -> str | None:
        """What is wrong with that path as a setting's name, in a sentence; None when nothing is."""
        if self.has(path):
            return None
        if members := sorted(set(self._beneath(path))):
            more = ", …" if len(members) > _EXAMPLES else ""
            return f"is a group of settings: set {', '.join(members[:_EXAMPLES])}{more}"
        shop = path[1] if len(path) > 1 else "<SHOP>"
        names = sorted(_spelt(known, shop) for known in self.known)
        if meant := difflib.get_close_matches(variable(path), names, n=1, cutoff=0.8):
            return f"no such setting; did you mean {meant[0]}?"
        if _SERVICE_LINK.fullmatch(variable(path)):
            return "no such setting; it looks like a Kubernetes service link: set enableServiceLinks to false"
        return "no such setting"

    def _beneath(self, path: Path) -> Iterator[str]:
        for start in (path, _of_any_shop(path)):
            for known in self.known:
                if len(known) > len(start) and known[: len(start)] == start:
                    yield _spelt((*path, *known[len(start) :]), "<SHOP>")


def _of_any_shop(path: Path) -> Path:
    return (path[0], ANY, *path[2:]) if len(path) > 1 else path


def _spelt(known: Path, shop: str) -> str:
    return variable(tuple(shop if part == ANY else part for part in known))


def names_of(model: type[BaseModel]) -> Names:
    """Every setting of that model and of the models within it."""
    leaves = dict(_leaves(model, ()))
    return Names(frozenset(leaves), frozenset(path for path, kind in leaves.items() if kind is SecretStr))


def _leaves(kind: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Each setting at or beneath a path, with its type; groups are models, maps of models, or either or None."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from _leaves(field.annotation, (*path, name))
    elif origin is Annotated:
        yield from _leaves(arguments[0], path)
    elif origin in (Union, UnionType):
        yield from _leaves(next(argument for argument in arguments if argument is not NoneType), path)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _leaves(arguments[1], (*path, ANY))
    else:
        yield path, kind
