"""What makes a file no statement."""

from __future__ import annotations


class NoStatement(Exception):  # noqa: N818 - named by what the file is, as operators say it
    """The file cannot be read as a statement; the text says why, and what would help."""
