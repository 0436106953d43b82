"""Rows for spreadsheets and programs: CSV and JSON Lines in UTF-8, to standard output or whole into a file."""

from __future__ import annotations

import codecs
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

from worker.cli.connection import No

_STARTS_FORMULA: Final = frozenset("=+-@\t\r＝＋－＠")  # noqa: RUF001 - a spreadsheet takes these too


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object:
        """Take it."""


class _Utf8:
    """Text into a stream of bytes, whatever the locale."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, text: str, /) -> None:
        self._stream.write(text.encode())


@contextmanager
def output(path: Path | None, *, bom: bool = False) -> Iterator[Writable]:
    """Standard output, or a file that is there whole or not at all; `bom` marks it as UTF-8 for Excel.

    Raises No where it cannot be written, and BrokenPipeError where nobody reads on.
    """
    try:
        with _opened(path) as stream:
            if bom:
                stream.write(codecs.BOM_UTF8)
            yield _Utf8(stream)
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise No(f"cannot write {path or 'the output'}: {error.strerror or error}") from error


@contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes]]:
    if path is None:
        yield sys.stdout.buffer  # which stays open
    elif path.exists() and not path.is_file():  # a device, a named pipe
        with path.open("wb") as stream:
            yield stream
    else:
        path = path.resolve()  # a link stays a link
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with part.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], file: Writable) -> None:
    r"""A header and a line for each row, ended by \n; what a row lacks is an empty cell.

    A text that a spreadsheet would compute gets an apostrophe before it.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])


def write_json(rows: Iterable[Mapping[str, Any]], file: Writable) -> None:
    """One JSON object a line."""
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _STARTS_FORMULA else value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
