"""Text from elsewhere, made fit for a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """Without control characters: what a partner or a stranger wrote shall not steer the terminal."""
    if text.isprintable():  # as nearly all are
        return text
    return "".join(char if char.isprintable() else "�" for char in text)
