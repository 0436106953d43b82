"""Wrong names, and the Tab key: neither asks the broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import SHOPS, Ran, Run


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["staus"], "'status'"),
        (["dead", "lst"], "Did you mean 'list'?"),
        (["dead", "list", "--patner", "x"], "Did you mean '--partner'?"),
        (["dead", "list", "--partner", "uniqudo"], "did you mean uniqodo?"),
        (["dead", "list", "--partner", "zalando"], "there are sovendus, uniqodo, unrouted"),
        (["dead", "list", "--reason", "reject"], "did you mean rejected?"),
        (["retry", "--reason", "mastercode"], "did you mean master_code?"),
        (["audit", "--action", "replayed"], "did you mean replay?"),
        (["audit", "--action", "xyz"], "there are discard, erase, pause, replay, resume, retry"),
        (["pause", "--partner", "sovendu"], "did you mean sovendus?"),
    ],
)
def test_a_wrong_name_is_told_what_it_may_mean(redeem: Run, words: list[str], meant: str) -> None:
    ran = redeem(*words)
    assert (ran.status, ran.out) == (2, "")
    assert meant in ran.err


@pytest.mark.usefixtures("configured")
def test_a_shop_may_have_been_there_once(redeem: Run) -> None:
    note = "note: no shop “uks” is configured; did you mean uk?\n"
    assert redeem("dead", "list", "--shop", "uks") == Ran(0, "no dead letters match\n", note)
    assert redeem("dead", "stats", "--shop", "uks") == Ran(0, "no dead letters match\n", note)
    assert redeem("retry", "--shop", "uks") == Ran(0, "no retries match\n", note)
    assert redeem("dead", "discard", "--shop", "uks") == Ran(0, "no dead letters match\n", note)
    assert redeem("pause", "--shop", "uks") == Ran(1, "", "Error: no such account: shop “uks”; did you mean uk?\n")
    assert redeem("dead", "list", "--shop", "UK") == Ran(0, "no dead letters match\n", "")


@pytest.fixture
def tab(redeem: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What the Tab key offers after these words, the last of which is not whole."""

    def press(*words: str) -> list[str]:
        monkeypatch.setenv("_REDEEM_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["redeem", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        ran = redeem()
        assert ran.err == ""
        return [line.removeprefix("plain,") for line in ran.out.splitlines() if line]

    return press


def test_the_tab_key_knows_commands_options_and_names(
    tab: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"resume", "retry"} <= set(tab("re"))
    assert tab("dead", "re") == ["replay"]
    assert "--partner" in tab("dead", "list", "--")
    assert tab("dead", "list", "--partner", "u") == ["uniqodo", "unrouted"]
    assert tab("dead", "list", "--reason", "unr") == ["unroutable", "unreadable_message"]
    assert tab("dead", "list", "--shop", "") == [], "without settings there is nothing to say"
    monkeypatch.setenv("REDEEM_BROKER_URL", "redis://127.0.0.1:1/0")  # nobody is there
    for name, value in SHOPS.items():
        monkeypatch.setenv(f"REDEEM_{name}", value)
    assert tab("dead", "list", "--shop", "") == ["de", "uk"]
    assert tab("pause", "--shop", "u") == ["uk"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(redeem: Run, shell: str, configured: Callable[..., None]) -> None:
    del configured
    ran = redeem("completion", shell)
    assert (ran.status, ran.err) == (0, "")
    assert "_REDEEM_COMPLETE" in ran.out


def test_a_shell_that_nobody_knows(redeem: Run) -> None:
    assert redeem("completion", "tcsh").status == 2
