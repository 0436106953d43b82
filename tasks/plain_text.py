"""What strangers wrote, made fit to be kept and shown: no address, no URL, nothing that steers a terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from config.redaction import SHORTEST

MASK: Final = "[masked]"

_LOOKED_AT: Final = 10_000  # characters; nobody reads on in a partner's error text
_WORD: Final = re.compile(r"\S+")
# Whoever writes an address into the wrong field may do it in full width, or as a URL does. Half a surrogate pair is
# no text at all: UTF-8 cannot carry it, and so neither can Redis.
_UNFIT: Final = re.compile(r"[@\uff20\ufe6b\ud800-\udfff]|%(?:25)*40(?:[\w-]{1,63}\.)")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE)


def without_addresses(text: str) -> str:
    """The text with every word masked that holds an address, or what UTF-8 cannot carry."""
    return _WORD.sub(_masked, text)


def without(text: str, values: Iterable[str | None]) -> str:
    """The text without these values, also as a URL writes them; those too short to be told from chance are left."""
    for value in values:
        if value is not None and len(value) >= SHORTEST:
            for form in (value, quote(value, safe="")):
                text = text.replace(form, MASK)
    return text


def readable(text: str, longest: int) -> str:
    """One line of printable text, at most `longest` characters, without addresses and URLs."""
    line = " ".join(text[:_LOOKED_AT].split())
    if not line.isprintable():
        line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    if _UNFIT.search(line) or _URL.search(line):  # seldom, and whole words are masked
        words = (MASK if _URL.search(word) else word for word in without_addresses(line).split(" "))
        line = " ".join(words)
    return line[:longest]


def _masked(word: re.Match[str]) -> str:
    return MASK if _UNFIT.search(word[0]) else word[0]
