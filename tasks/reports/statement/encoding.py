"""In which encoding a file is, told by all of its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tasks.reports.statement.unreadable import NoStatement

_CHUNK: Final = 1 << 20
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_OTHERS: Final = {
    b"PK\x03\x04": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed",
}
_NOT_IN_CP1252: Final = b"\x81\x8d\x8f\x90\x9d"


def encoding_of(path: Path) -> str:
    """`utf-8`, `utf-8-sig`, `utf-16` or `cp1252`.

    Raises NoStatement where it is none of them, and OSError.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, what in _OTHERS.items():
        if start.startswith(mark):
            raise NoStatement(f"it is {what}: save it as CSV")
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" in start or _holds(path, b"\0"):
        raise NoStatement("it holds zero bytes, so it is no text: save it as CSV, in UTF-8")
    if _is_utf8(path):
        return "utf-8"
    if _holds(path, _NOT_IN_CP1252):
        raise NoStatement("it is neither UTF-8 nor Windows-1252: say which with --encoding")
    return "cp1252"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _holds(path: Path, unwanted: bytes) -> bool:
    """Whether the file holds one of these bytes."""
    return any(len(chunk.translate(None, unwanted)) < len(chunk) for chunk in _chunks(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
