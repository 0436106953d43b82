"""The `Idempotency-Key` header, as the IETF's draft-ietf-httpapi-idempotency-key-header has it.

Orders are idempotent by what they are, with or without a key: the same order again is a duplicate and gets the same
ids. So of a key only this is kept: with which body it came first, as digests, for a day. The answer is made anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers

from tasks.persistence import UNAVAILABLE, classified
from tasks.runtime import Runtime
from worker.web.journal import refused
from worker.web.problems import Problem

_HEADER: Final = "idempotency-key"
_KEPT: Final = 24 * 3600  # seconds
_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')  # a string as structured fields write it, RFC 9651


def key_of(headers: Headers) -> str | None:
    """The request's key, without the quotes that the draft wants and many leave out; None where there is none.

    Raises Problem (400) where it is none that can be used.
    """
    given = headers.getlist(_HEADER)
    if not given:
        return None
    quoted = _QUOTED.fullmatch(given[0].strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else given[0].strip()
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise Problem(
            400,
            "Idempotency-Key cannot be used",
            "It must be one value of 1 to 255 printable ASCII characters, such as a UUID.",
            type="idempotency-key",
        )
    return key


def claim(runtime: Runtime, key: str, shops: Iterable[str], body: bytes) -> None:
    """Bind the key, which is each shop's own, to this body for a day; again with the same body changes nothing.

    Raises Problem: 422 where it came with another body, 503 where Redis cannot tell.
    """
    owner = ",".join(sorted(shops)).encode() + b"\0" + key.encode()
    name = runtime.ledger.key("idempotency", hashlib.sha256(owner).hexdigest())
    digest = hashlib.sha256(owner + b"\0" + body).hexdigest()
    try:
        with classified():
            known = runtime.ledger.redis.set(name, digest, nx=True, get=True, ex=_KEPT)
    except UNAVAILABLE as error:
        raise refused(error) from error
    if known is not None and known != digest:
        raise Problem(
            422,
            "Idempotency-Key used before",
            "This key came with another body within the last day: nothing was taken. Use a new key for each request, "
            "and the same one only to send the same bytes again.",
            type="idempotency-key-reused",
        )
