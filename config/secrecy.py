"""Secrets among the settings: how to check one without showing it, and which texts must never show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import AfterValidator, BaseModel, SecretStr


def checked(check: Callable[[str], str]) -> AfterValidator:
    """Applies a check of plain text to a `SecretStr`; the check's ValueError must not repeat the text."""
    return AfterValidator(lambda secret: SecretStr(check(secret.get_secret_value())))


def secrets_in(value: object) -> Iterator[str]:
    """Every `SecretStr` in a model, the models within it and its mappings, in plain text."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from secrets_in(member)


def secret_parts(secret: str) -> frozenset[str]:
    """What of a secret must never show: all of it and, of a URL or a `user:password`, the password by itself.

    A URL without user and password is no secret: which broker was meant helps to read a log.
    """
    if "://" not in secret:
        return frozenset({secret, secret.partition(":")[2]} - {""})
    try:
        parts = urlsplit(secret)
    except ValueError:
        return frozenset({secret})
    words = {parts.password or parts.username or "", *parse_qs(parts.query).get("password", [])} - {""}
    return frozenset({secret, *words, *map(unquote, words)}) if words else frozenset()
