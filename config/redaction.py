"""Keeps secrets and e-mail addresses out of everything people read. The last thing a line passes before it leaves.

Code that could hold a secret already avoids it; this is the net below, in one place for logs and Sentry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
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

_REQUEST = "with url: "
_REQUEST_PATH = re.compile(rf"{_REQUEST}\S+")
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
        if "@" in text or "%" in text:
            text = _ADDRESS.sub(ADDRESS, text)
        if _REQUEST in text:
            text = _REQUEST_PATH.sub(f"{_REQUEST}[path]", text)
        return text

    def tree(self, value: object) -> object:
        """The same structure of dicts, lists and plain values; every text in it, keys too, without secrets.

        What is neither becomes its text. Redacting before rendering, not after, keeps JSON and colours whole.
        """
        # Nearly always there is nothing to redact, and one text of all is searched faster than each by itself.
        texts: list[str] = []
        plain = _plain(value, texts)
        everything = "\n".join(texts)
        return plain if self.text(everything) == everything else self._redacted(plain)

    def fields(self, fields: Mapping[Any, object]) -> dict[str, object]:
        """`tree` of one dict."""
        return cast("dict[str, object]", self.tree(fields))

    def _redacted(self, plain: object) -> object:
        if isinstance(plain, str):
            return self.text(plain)
        if isinstance(plain, dict):
            return {self.text(key): self._redacted(member) for key, member in plain.items()}
        return [self._redacted(member) for member in plain] if isinstance(plain, list) else plain


def _plain(value: object, texts: list[str]) -> object:
    """The tree in dicts, lists, texts and plain values; its texts are added to `texts`."""
    if isinstance(value, str):
        texts.append(value)
        return value
    if isinstance(value, dict | Mapping):
        return _plain_fields(value, texts)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(member, texts) for member in value]
    texts.append(str(value))
    return texts[-1]


def _plain_fields(fields: Mapping[Any, object], texts: list[str]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, member in fields.items():
        name = str(key)
        texts.append(name)
        if type(member) is str:  # what most are: sparing them a call halves the time
            texts.append(member)
            plain[name] = member
        else:
            plain[name] = _plain(member, texts)
    return plain


def _forms(secret: str) -> Iterator[str]:
    """The ways one text is written in URLs (both cases of hex), JSON, and Python's `repr`."""
    for written in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield written
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), written)
        yield quote(written, safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
