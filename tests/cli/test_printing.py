"""Tables on a real terminal, wide and narrow: folded or laid out anew, never cut."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faked_clock import same_clock

TABLE = """
from worker.cli.printing import print_table
rows = [("rejected", "uniqodo:uk:145789:AB12E3GH", "not recognised by the partner"), (None, "b", "")]
print_table(("reason", "id", "text"), rows)
"""


def shown(columns: int) -> list[str]:
    """What a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **same_clock()}
    environment |= {"TERM": "xterm", "COLUMNS": str(columns)}
    subprocess.run([sys.executable, "-c", TABLE], stdout=theirs, env=environment, check=True, timeout=60)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        told = terminal.read1(65536).decode()
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in told.splitlines()]


@pytest.mark.parametrize("columns", [80, 60])
def test_a_table_that_fits_keeps_ids_whole_and_folds_the_rest(columns: int) -> None:
    lines = shown(columns)
    assert lines[0].split() == ["reason", "id", "text"]
    assert max(map(len, lines)) <= columns
    assert any(" uniqodo:uk:145789:AB12E3GH " in line for line in lines)
    assert {"not", "recognised", "by", "the", "partner"} <= set(" ".join(lines).split())


def test_where_columns_do_not_fit_each_row_is_a_block_without_its_empty_cells() -> None:
    assert shown(40) == [
        "reason  rejected",
        "id      uniqodo:uk:145789:AB12E3GH",
        "text    not recognised by the partner",
        "",
        "id  b",
        "",
    ]
