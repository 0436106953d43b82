"""Keeps secrets and e-mail addresses out of everything people read. The last thing a line passes before it leaves.

Code that could hold a secret already avoids it; this is the net below, in one place for logs and Sentry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECRET = "[secret]"  # noqa: S105 — what stands in a secret's place
ADDRESS = "[e-mail]"
SHORTEST = 4
"""Shorter secrets are not looked for: their letters turn up by chance everywhere, and lines would be shredded."""

_AT = r"(?:@|%(?:25)*40)"
_ADDRESS = re.compile(
    # Possessive, and begun only at a word's start: no text, however long, takes more than linear time.
    rf"(?<![\w.+~-])(?:[\w.+~-]|%(?!(?:25)*40)|(?<=\w)'(?=\w))++{_AT}(?:[\w-]++\.)+[\w-]+",
)

_REQUEST_PATH = re.compile(r"with url: \S+")
"""How urllib3 and requests tell of a failed call: the path holds Uniqodo's key, the code, and the customer's id."""


class Redactor:
    """Replaces the given secrets, what looks like an e-mail address, and the paths of failed calls.

    A secret is found as it is and as URLs, JSON and `repr` write it. An address needs a dot in its domain, so that
    a node's name as `celery@host` stays readable.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))  # the longest first: one may hold another

    def text(self, text: str) -> str:
        """The text without secrets and addresses."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, SECRET)
        if "@" in text or "40" in text:
            text = _ADDRESS.sub(ADDRESS, text)
        if "with url: " in text:
            text = _REQUEST_PATH.sub("with url: [path]", text)
        return text

    def tree(self, value: object) -> object:
        """The same structure of dicts, lists and plain values; every text in it, keys too, without secrets.

        What is neither becomes its text. Redacting before rendering, not after, keeps JSON and colours whole.
        """
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return self.fields(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.tree(member) for member in value]
        return self.text(str(value))

    def fields(self, fields: Mapping[Any, object]) -> dict[str, object]:
        """`tree` of one dict."""
        return {self.text(str(key)): self.tree(member) for key, member in fields.items()}


def _forms(secret: str) -> Iterator[str]:
    """The ways one text is written in URLs (both cases of hex), JSON, and Python's `repr`."""
    for written in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield written
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), written)
        yield quote(written, safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
