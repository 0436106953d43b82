"""`redeem dead` on a terminal: it asks, lists what fits, and is stopped by Ctrl-C after the letter in hand."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.cli.conftest import BARE, NOWHERE, Run, event, lines

pytestmark = pytest.mark.usefixtures("configured")

Read = Callable[[str], str]

# As a shell starts it: with no signal blocked, whatever else has run in this process.
_REDEEM = "import signal; signal.pthread_sigmask(signal.SIG_SETMASK, ()); from worker.cli import main; main()"


@contextmanager
def terminal(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Read]]:
    """The command on a terminal of 100 columns; the process, the terminal, and what reads until it says something."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _REDEEM, *words],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    said = ""

    def read(until: str) -> str:
        nonlocal said
        while until not in said:
            try:
                more = os.read(ours, 65536)
            except OSError:  # it has ended
                break
            if not more:
                break
            said += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", more.decode(errors="replace")).replace("\r\n", "\n")
        assert until in said
        return said

    try:
        yield process, ours, read
    finally:
        process.kill()
        process.wait(30)
        os.close(ours)


@pytest.mark.usefixtures("three")
def test_it_asks_with_reasons_and_money(redeem: Run) -> None:
    with terminal("dead", "discard", "--all") as (process, ours, read):
        said = read("discard 3 dead letters worth 439.98 GBP? [y/N]:")
        assert re.search(r"1  rejected\n", said)
        os.write(ours, b"n\n")
        read("nothing done")
        assert process.wait(30) == 1
    assert len(redeem("dead", "list", "--json").rows) == 3
    with terminal("dead", "discard", "--partner", "uniqodo") as (process, ours, read):
        read("[y/N]:")
        os.write(ours, b"y\n")
        read(f"discarded {BARE}")
        assert process.wait(30) == 0
    assert [row["id"] for row in redeem("dead", "list", "--json").rows] == [NOWHERE]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("which", [[NOWHERE], ["--shop", "fr"], ["--reason", "unroutable"]])
@pytest.mark.parametrize("action", ["discard", "replay"])
def test_of_one_it_asks_as_well(redeem: Run, action: str, which: list[str]) -> None:
    with terminal("dead", action, *which) as (process, ours, read):
        read(f"{action} the dead letter {NOWHERE} worth 219.99 GBP? [y/N]:")
        os.write(ours, b"\n")
        read("nothing done")
        assert process.wait(30) == 1
    assert len(redeem("dead", "list", "--json").rows) == 3


@pytest.mark.usefixtures("three")
def test_what_dies_while_it_asks_is_not_meant(redeem: Run) -> None:
    with terminal("dead", "discard", "--all") as (process, ours, read):
        read("discard 3 dead letters worth 439.98 GBP? [y/N]:")
        redeem("emit", "-", stdin=lines(event("4", shop="fr")))
        os.write(ours, b"y\n")
        read(f"discarded {NOWHERE}")
        assert process.wait(30) == 0
    assert [row["id"] for row in redeem("dead", "list", "--json").rows] == ["unrouted:fr:4:SKD1"]


@pytest.mark.usefixtures("three")
def test_it_says_what_would_be_set(redeem: Run) -> None:
    given = ("--set", "order_value=", "--set", "currency=EUR", "--set", "email=jane@example.com")
    with terminal("dead", "replay", BARE, *given) as (process, ours, read):
        said = read(f"replay the dead letter {BARE}? [y/N]:")
        assert "  take out order_value\n  set currency=EUR\n  set email=…\n" in said
        os.write(ours, b"n\n")
        assert process.wait(30) == 1
    assert len(redeem("dead", "list", "--json").rows) == 3


@pytest.mark.usefixtures("three")
def test_of_none_it_does_not_ask_and_yes_is_an_answer(redeem: Run) -> None:
    with terminal("dead", "discard", "--shop", "de") as (process, _, read):
        read("no dead letters match")
        assert process.wait(30) == 0
    with terminal("dead", "discard", NOWHERE, "--yes") as (process, _, read):
        read(f"discarded {NOWHERE}")
        assert process.wait(30) == 0
    assert len(redeem("dead", "list", "--json").rows) == 2


@pytest.mark.usefixtures("three")
def test_ctrl_c_stops_it_after_the_letter_in_hand(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(*(event(f"old{n}", completed_at="2020-01-01T00:00:00Z") for n in range(3))))
    with terminal("dead", "replay", "--reason", "too_old", "--yes", "--rate", "1/h") as (process, _, read):
        read("replayed sovendus:uk:old0:SKD1")
        process.send_signal(signal.SIGINT)
        read("stopped: 1 replayed; what is left is as it was")
        assert process.wait(30) == 1
    assert len(redeem("dead", "list", "--reason", "too_old", "--json").rows) == 2
    [entry] = redeem("audit", "--json").rows
    assert (entry["count"], entry["what"]) == (1, "reason too_old (stopped half way)")


def test_a_long_list_is_cut_with_a_word_of_it(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(*(event(str(n), shop="fr") for n in range(60))))
    with terminal("dead", "list") as (process, _, read):
        said = read("… and 10 more; --limit 0 lists all")
        assert process.wait(30) == 0
    assert said.splitlines()[0].split() == ["age", "reason", "id", "value", "text"]
    assert len(said.splitlines()) == 52
    assert max(map(len, said.splitlines())) <= 100
    assert len(redeem("dead", "list").out.splitlines()) == 61, "elsewhere nothing is left out"
    assert len(redeem("dead", "list", "--limit", "7", "--json").rows) == 7
    first, *_, last = redeem("dead", "list", "--newest", "--json").rows
    oldest = redeem("dead", "list", "--limit", "1", "--json").row
    assert last["id"] == oldest["id"] != first["id"]
