from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reports.disk_sort import sorted_on_disk

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)  # UTF-8 cannot carry half a surrogate pair
rows = st.lists(st.tuples(texts, st.none() | st.integers(-(2**60), 2**60), texts), max_size=30)


@given(rows)
@settings(max_examples=30)
def test_sorts_as_python_does_with_nothing_before_everything(given_rows: list[tuple[str, int | None, str]]) -> None:
    expected = sorted(given_rows, key=lambda row: (row[0], row[1] is not None, row[1] or 0, row[2]))
    assert list(sorted_on_disk(given_rows, width=3)) == expected


OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux tells a process's open files like this")
def test_the_file_has_no_name_while_it_is_read() -> None:
    """So that whatever ends the process, nothing is left of it."""
    many = sorted_on_disk((("x" * 1000, number) for number in range(40_000)), width=2)
    assert next(many) == ("x" * 1000, 0)
    in_use = [str(path.readlink()) for path in OPEN_FILES.iterdir() if path.is_symlink()]
    assert [target for target in in_use if "etilqs" in target and target.endswith("(deleted)")]
    assert not [target for target in in_use if "etilqs" in target and Path(target).exists()]
    assert sum(1 for _ in many) == 39_999


def test_what_cannot_be_stored_is_an_error() -> None:
    with pytest.raises(sqlite3.Error):
        list(sorted_on_disk([("a",), ("a", "b")], width=1))
