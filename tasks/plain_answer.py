"""The answer that partners nearly always give, read at a glance: small, whole, of a stated length, nothing unusual.

Reading with care (`tasks.answer_reader`) costs as much as all the rest of a call, and partners send thousands of these.
What is not plainly plain goes that way, interim answers too. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LONGEST: Final = 8192
"""Bytes of an answer, head and body, that are read at a glance: one read brings as many."""

_HEAD_ENDS: Final = b"\r\n\r\n"
_MOST_LINES: Final = 100  # more are not usual

# What says how a body is framed, encoded or followed, or has a say in what we do next.
_UNUSUAL: Final = (
    rb"(?:content-encoding|retry-after|trailer|transfer-encoding|upgrade):"
    rb"|connection:(?![\t ]*keep-alive[\t ]*\r\n)"
)
# A token, and no white space before the colon (RFC 9110 §5.1): no line goes on with the one before it. No possessive
# quantifiers, which Python 3.11.2 gets wrong; there is but one way to match a line, so none are needed.
_HEADERS: Final = rb"(?:(?!%b|content-length:)[!#$%%&'*+\-.^_`|~0-9a-z]+:[\t\x20-\x7e]*\r\n)*" % _UNUSUAL
_PLAIN: Final = re.compile(
    rb"http/1\.1 ([2-9][0-9]{2}) [\t\x20-\x7e]*\r\n%b"
    rb"content-length:[\t ]*([0-9]{1,4})[\t ]*\r\n%b\r\n" % (_HEADERS, _HEADERS)
)  # in lower case
_BODILESS: Final = (204, 304)


class PlainHead(NamedTuple):
    """A head that was understood: the status, and where the body begins and ends."""

    status: int
    begins: int
    ends: int


def plain_head(received: bytes) -> PlainHead | None:
    """The head of a plain HTTP/1.1 answer with which these bytes begin; None for whatever is not plain or not there.

    The answer ends at `ends`, at most LONGEST: the bytes may hold less of the body, or more than the answer.
    """
    begins = received.find(_HEAD_ENDS) + len(_HEAD_ENDS)
    head = received[:begins].lower()
    found = _PLAIN.fullmatch(head)
    if found is None or head.count(b"\n") > _MOST_LINES:
        return None
    status, ends = int(found[1]), begins + int(found[2])
    return PlainHead(status, begins, ends) if status not in _BODILESS and ends <= LONGEST else None
