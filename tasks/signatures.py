"""Whether a request is from whom it claims to be: HMAC-SHA256 over the very bytes of its body, with a secret. Pure.

Every secret is tried and every comparison takes the same time, so that how long a refusal takes tells nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

_TOLERANCE: Final = 300
"""Seconds that a Standard Webhook's time may lie in the past or future, as in the reference libraries."""
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"
_UNIX_TIME: Final = re.compile(r"[0-9]{1,12}")


class BadSignature(Exception):  # noqa: N818 - named by what happened
    """Not shown to be from a holder of the secret; the text quotes nothing and may be told to the caller."""


class Stale(BadSignature):
    """Whatever it is signed with: its time is not now. Sent again unchanged, or a clock is wrong."""


def standard_webhooks(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], *, now: datetime) -> None:
    """Check a request by Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    `headers` in any case; a secret is `whsec_` and base64, or plain base64, or any text. `now` is aware; the request
    must be within five minutes of it. Of several signatures one must be right, and versions other than v1 are skipped.

    Raises BadSignature.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    missing = [name for name in _HEADERS if not found.get(name)]
    if missing:
        raise BadSignature(f"no {missing[0]} header")
    message, sent_at, signatures = (found[name] for name in _HEADERS)
    if "." in message:  # the parts are signed with dots between: such an id could take in what was time or body
        raise BadSignature("webhook-id must not hold a dot")
    if not _UNIX_TIME.fullmatch(sent_at):
        raise BadSignature("webhook-timestamp must be whole seconds since 1970, such as 1674087231")
    if abs(now.timestamp() - int(sent_at)) > _TOLERANCE:
        raise Stale("webhook-timestamp is more than five minutes from now: resent, or a clock is wrong")
    given = [text for version, _, text in (one.partition(",") for one in signatures.split()) if version == _VERSION]
    signed = b".".join((message.encode(errors="replace"), sent_at.encode(), body))
    expected = [_base64(key, signed) for secret in secrets for key in _keys(secret)]
    if not _any_equal(given, expected):
        raise BadSignature("no v1 signature in webhook-signature is one of this body with this shop's secret")


def hmac_sha256_base64(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether `signature` is the base64 of the body's HMAC under one of the secrets, each taken as it is written.

    So WooCommerce and Shopify sign; an empty secret fits nothing.
    """
    return _any_equal([signature.strip()], [_base64(secret.encode(), body) for secret in secrets if secret])


def hmac_sha256_hex(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """As `hmac_sha256_base64`, for hexadecimal digits in either case. So Shopware signs."""
    expected = [_hmac(secret.encode(), body).hex() for secret in secrets if secret]
    return _any_equal([signature.strip().lower()], expected)


_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


def _keys(secret: str) -> list[bytes]:
    """What a secret may stand for: senders differ on whether one without `whsec_` is base64 or plain text.

    Never an empty key, with which anyone could sign.
    """
    decoded = _decoded(secret.removeprefix(_PREFIX))
    plain = b"" if secret.startswith(_PREFIX) else secret.encode()
    return [key for key in (decoded, plain) if key]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return b""


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _base64(key: bytes, content: bytes) -> str:
    return base64.b64encode(_hmac(key, content)).decode()


def _any_equal(given: Iterable[str], expected: Iterable[str]) -> bool:
    """Whether any text of one stands in the other; all are compared, the first that fits ends nothing."""
    right = [text.encode() for text in expected]
    found = False
    for text in given:
        for one in right:
            found |= hmac.compare_digest(text.encode(errors="replace"), one)
    return found
