"""Takes NUL bytes out of Redis' append-only files, where a disk that was full has left them between two commands.

Such a file stops the server's start ("Bad file format"), and `redis-check-aof --fix` cuts off all that stands behind
the first of them. Here only the NULs go: commands are read as the server reads them, by the lengths that they name, so
that NULs within a value stay. The file as it was is kept beside it.

This file needs nothing but Python 3.8 or later, so that it can be copied alone to the machine that Redis runs on:

    python3 aof_repair.py /var/lib/redis/appendonlydir
"""

from __future__ import annotations

import argparse
import mmap
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILES = "*.incr.aof"
"""Commands as they came. The other file, `*.base.rdb`, is written at one go and has no holes."""
_NULS = re.compile(rb"\0+")
_ANNOTATION = re.compile(rb"#[^\r\n]{0,1024}\r\n")
_COUNT = re.compile(rb"\*(\d{1,10})\r\n")
_LENGTH = re.compile(rb"\$(\d{1,10})\r\n")
_TORN = re.compile(rb"[*$#]?\d{0,10}\r?")
_LONGEST_LINE = 13  # bytes, of those with a number


class RepairError(Exception):
    """A file cannot be repaired so; nothing was changed. The text says why."""


class Repair(NamedTuple):
    """What was done to a file, or would be."""

    file: Path
    holes: list[tuple[int, int]]
    """Where NULs stood: the first of them, and the first byte behind them."""
    kept: Path
    """The file as it was."""

    def __str__(self) -> str:
        nuls = sum(end - start for start, end in self.holes)
        places = "1 place" if len(self.holes) == 1 else f"{len(self.holes)} places"
        return f"{self.file.name}: {nuls} NUL bytes taken out at {places}; the file as it was is kept as {self.kept}"


def repair(directory: Path) -> list[Repair]:
    """Repair what needs it in `directory` (`appendonlydir`), and leave what is well as it is.

    The server must not run. Raises RepairError, with no file changed, where one is damaged in another way, and OSError.
    """
    found = [(file, holes_in(file)) for file in sorted(directory.glob(FILES))]
    return [_take_out(file, holes) for file, holes in found if holes]


def holes_in(file: Path) -> list[tuple[int, int]]:
    """Where NULs stand between commands. A last command that is torn is left to the server, which cuts it off.

    Raises RepairError where something else stands where a command should begin, and OSError.
    """
    if not file.stat().st_size:
        return []
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return list(_holes(data, file))


def _holes(data: mmap.mmap, file: Path) -> Iterator[tuple[int, int]]:
    position = 0
    while position < len(data):
        nuls = _NULS.match(data, position)
        annotation = _ANNOTATION.match(data, position)
        if nuls:
            yield nuls.span()
            position = nuls.end()
        elif annotation:
            position = annotation.end()
        else:
            try:
                position = _end_of_command(data, position)
            except EOFError:
                return
            except ValueError:
                raise RepairError(
                    f"{file}: neither a command nor NULs at byte {position}: this is another damage"
                ) from None


def _end_of_command(data: mmap.mmap, position: int) -> int:
    """Raises EOFError where the file ends within it, and ValueError of what is no command."""
    count, position = _number(_COUNT, data, position)
    for _ in range(count):
        length, position = _number(_LENGTH, data, position)
        position += length + 2
        if position > len(data):
            raise EOFError
        if data[position - 2 : position] != b"\r\n":
            raise ValueError
    return position


def _number(line: re.Pattern[bytes], data: mmap.mmap, position: int) -> tuple[int, int]:
    """The number in a line of that kind, and where the next one begins."""
    found = line.match(data, position)
    if found:
        return int(found.group(1)), found.end()
    rest = data[position : position + _LONGEST_LINE]
    raise EOFError if position + len(rest) == len(data) and _TORN.fullmatch(rest) else ValueError


def _take_out(file: Path, holes: list[tuple[int, int]]) -> Repair:
    mended, kept = file.with_name(f"{file.name}.mended"), _free_name(file)
    begins = [0, *(end for _, end in holes)]
    ends = [*(start for start, _ in holes), file.stat().st_size]
    try:
        with file.open("rb") as source, mended.open("wb") as target:
            for begin, end in zip(begins, ends):  # noqa: B905 - Python 3.8 has no `strict`; there are as many
                source.seek(begin)
                _copy(source, target, end - begin)
            target.flush()
            os.fsync(target.fileno())
        _give_to_owner_of(file, mended)
        os.link(file, kept)  # not renamed: at every moment there is a file of that name
        mended.replace(file)
    finally:
        if mended.exists():
            mended.unlink()
    return Repair(file, holes, kept)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        piece = source.read(min(size, 1 << 20))
        target.write(piece)
        size -= len(piece)


def _give_to_owner_of(file: Path, mended: Path) -> None:
    """The server must be able to go on with it, also where root repairs it."""
    owner = file.stat()
    shutil.copymode(file, mended)
    if (owner.st_uid, owner.st_gid) != (mended.stat().st_uid, mended.stat().st_gid):
        os.chown(mended, owner.st_uid, owner.st_gid)


def _free_name(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    return kept


def _refuse_if_open(files: Sequence[Path]) -> None:
    """Raises RepairError where a process has one of them open, as far as Linux tells."""
    wanted = {(one.st_dev, one.st_ino) for one in (file.stat() for file in files)}
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            opened = place.stat()
        except OSError:  # closed meanwhile, or another user's
            continue
        if (opened.st_dev, opened.st_ino) in wanted:
            raise RepairError(f"process {place.parts[2]} has one of the files open: stop Redis first")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when the files are well afterwards, 1 when they are not, 2 for wrong use."""
    parser = argparse.ArgumentParser(
        description="Take NUL bytes out of Redis' append-only files that it does not start with (Bad file format)."
    )
    parser.add_argument("directory", type=Path, help="appendonlydir, while Redis does not run")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be taken out")
    chosen = parser.parse_args(arguments)
    files = sorted(chosen.directory.glob(FILES))
    if not files:
        parser.error(f"no {FILES} in {chosen.directory}")
    try:
        if chosen.dry_run:
            done = [f"{file.name}: NUL bytes at {holes}" for file in files if (holes := holes_in(file))]
        else:
            _refuse_if_open(files)
            done = [str(one) for one in repair(chosen.directory)]
    except (RepairError, OSError) as error:
        sys.stderr.write(f"{error}\nnothing more was changed\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in done or ["no NUL bytes between commands; nothing was changed"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
