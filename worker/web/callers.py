"""Who sent a request: a shop by its token, or whoever holds a shop's webhook secret.

A refusal does not say what was wrong, so that nobody can find out a part of a secret; how long one takes says nothing
either.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.datastructures import Headers

from config.shops import Shop
from tasks.signatures import BadSignature, Stale, standard_webhooks
from worker.web.problems import Problem

_SIGNED_BY: Final = "webhook-signature"


class Callers:
    """Knows every shop's tokens and secrets."""

    def __init__(self, shops: Mapping[str, Shop]) -> None:
        self._tokens = [(_digest(token), name) for name, shop in shops.items() for token in shop.tokens]
        self._secrets = [(secret, name) for name, shop in shops.items() for secret in shop.webhook_secrets]

    def by_token(self, headers: Headers) -> str:
        """The shop whose token the request bears (RFC 6750).

        Raises Problem (401).
        """
        given = headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        digest, found = _digest(token.strip()), ""
        for known, name in self._tokens:  # all of them: which one fits must not show in the time it takes
            if hmac.compare_digest(known, digest):
                found = name
        if scheme.lower() != "bearer" or not found:
            raise unauthorized()
        return found

    def by_signature(self, headers: Headers, body: bytes, now: datetime) -> frozenset[str]:
        """The shops with whose secret the body is signed as Standard Webhooks has it; several may share one.

        Raises Problem (401).
        """
        found, stale = set(), False
        for secret, name in self._secrets:
            try:
                standard_webhooks(headers, body, [secret], now=now)
            except BadSignature as error:
                stale = isinstance(error, Stale)
            else:
                found.add(name)
        if not found:
            raise unauthorized(stale=stale)
        return frozenset(found)


def is_signed(headers: Headers) -> bool:
    """Whether a request wants to be known by its signature: one that bears a token is known by that alone."""
    return "authorization" not in headers and _SIGNED_BY in headers


def unauthorized(*, stale: bool = False) -> Problem:
    """The one answer to all who are not known; only that a signature is too old is told, since a clock may be wrong."""
    return Problem(
        401,
        "Not known",
        "webhook-timestamp is more than five minutes from now: sent again unchanged, or a clock is wrong."
        if stale
        else "Send Authorization: Bearer with the shop's token, or sign as Standard Webhooks has it.",
        type="unauthorized",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
