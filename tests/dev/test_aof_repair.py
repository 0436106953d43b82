"""Holes of NULs are taken out of append-only files, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.dev import aof_repair

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "appendonly.aof.2.incr.aof"
VALUES = st.one_of(st.binary(max_size=20), st.sampled_from([b"", b"\0\0\0", b"\0*1\r\n$4\r\nPING\r\n", b"\r\n"]))
COMMANDS = st.lists(st.lists(VALUES, min_size=1, max_size=4), max_size=8)
HOLES = st.lists(st.integers(0, 5000), min_size=9, max_size=9)


def written(command: Sequence[bytes]) -> bytes:
    """As Redis writes it."""
    return b"".join([b"*%d\r\n" % len(command), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in command)])


SET = written([b"SET", b"key", b"\0\0value\0"])


@given(COMMANDS, HOLES)
@example([[b"SET", b"key", b"\0" * 40]], [7] * 9)
def test_only_the_holes_go(
    tmp_path_factory: pytest.TempPathFactory, commands: list[list[bytes]], nuls: list[int]
) -> None:
    directory = tmp_path_factory.mktemp("aof")
    file = directory / NAME
    pieces = [written(command) for command in commands]
    damaged = b"".join(b"\0" * hole + piece for hole, piece in zip(nuls, [*pieces, b""], strict=False))
    file.write_bytes(damaged)
    done = aof_repair.repair(directory)
    assert file.read_bytes() == b"".join(pieces)
    assert [one.kept.read_bytes() for one in done] == ([damaged] if any(nuls[: len(pieces) + 1]) else [])
    assert aof_repair.repair(directory) == []


@pytest.mark.parametrize("torn", range(1, len(SET)))
def test_a_torn_tail_is_left_to_the_server(tmp_path: Path, torn: int) -> None:
    (tmp_path / NAME).write_bytes(SET + b"\0\0" + SET + SET[:torn])
    aof_repair.repair(tmp_path)
    assert (tmp_path / NAME).read_bytes() == SET + SET + SET[:torn]


def test_times_between_commands_are_read_over(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"#TS:1798123456\r\n" + SET + b"\0#TS:1798123457\r\n" + SET)
    aof_repair.repair(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"#TS:1798123456\r\n" + SET + b"#TS:1798123457\r\n" + SET


@pytest.mark.parametrize(
    "garbage", [b"garbage\r\n", b"*x\r\n", b"*1\r\n$3\r\nabcdef\r\n", b"*1\r\n\0\0\0$3\r\nabc\r\n"]
)
def test_another_damage_is_told_and_no_file_is_touched(tmp_path: Path, garbage: bytes) -> None:
    first, second = tmp_path / "appendonly.aof.2.incr.aof", tmp_path / "appendonly.aof.3.incr.aof"
    first.write_bytes(b"\0\0" + SET)
    second.write_bytes(SET + garbage + SET)
    with pytest.raises(aof_repair.RepairError, match=f"at byte {len(SET)}: this is another damage"):
        aof_repair.repair(tmp_path)
    assert first.read_bytes() == b"\0\0" + SET
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_kept_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / NAME
    for content in (b"\0" + SET, b"\0\0" + SET):
        file.write_bytes(content)
        file.chmod(0o640)
        aof_repair.repair(tmp_path)
        assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.read_bytes() for one in tmp_path.glob("*.damaged-*")) == [b"\0\0" + SET, b"\0" + SET]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run as the file that was copied to another machine."""
    script = [sys.executable, "-I", str(Path(aof_repair.__file__)), *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONUTF8": "1"})


def test_the_command_says_what_it_would_do_and_does_it(tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_bytes(SET + b"\0\0\0" + SET)
    would = command("--dry-run", str(tmp_path))
    assert (would.returncode, would.stdout) == (0, f"{NAME}: NUL bytes at [({len(SET)}, {len(SET) + 3})]\n")
    assert file.read_bytes() == SET + b"\0\0\0" + SET
    done = command(str(tmp_path))
    assert (done.returncode, done.stdout) == (
        0, f"{NAME}: 3 NUL bytes taken out at 1 place; the file as it was is kept as {file}.damaged-1\n",
    )  # fmt: skip
    assert file.read_bytes() == SET + SET
    assert command(str(tmp_path)).stdout == "no NUL bytes between commands; nothing was changed\n"


def test_the_command_refuses_what_it_cannot_repair(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"garbage")
    refused = command(str(tmp_path))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "another damage" in refused.stderr
    assert command(str(tmp_path / "elsewhere")).returncode == 2


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which files are open")
def test_the_command_refuses_files_that_a_server_has_open(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\0" + SET)
    with (tmp_path / NAME).open("rb"):
        refused = command(str(tmp_path))
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (
        1, f"process {os.getpid()} has one of the files open: stop Redis first",
    )  # fmt: skip
    assert (tmp_path / NAME).read_bytes() == b"\0" + SET
