from __future__ import annotations

import inspect
import re

import pytest

from tasks import errors
from tasks.errors import (
    AccountRefused,
    Declined,
    NotSent,
    PermanentError,
    RedemptionError,
    TransientError,
    Unanswered,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RedemptionError)]
PERMANENT = [kind for kind in CLASSES if issubclass(kind, PermanentError)]
REASONS_OF_REDEMPTIONS = {"incomplete", "unroutable", "master_code", "too_old", "rejected", "gave_up", "crashed"}


def test_the_tree_drawn_in_the_module_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    (?:([│├└─ ]*))([A-Z]\w+)(?:\s|$)", line)
        if found is None:
            continue
        depth = len(found[1]) // 4
        above[depth:] = [found[2]]
        drawn[found[2]] = above[depth - 1] if depth else "Exception"
    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in CLASSES if kind.__base__}


def test_what_happens_next_is_one_of_three() -> None:
    for kind in CLASSES:
        next_steps = [step for step in (TransientError, AccountRefused, PermanentError) if issubclass(kind, step)]
        assert len(next_steps) == (kind is not RedemptionError)


def test_only_an_unanswered_call_is_ambiguous() -> None:
    assert [kind for kind in CLASSES if getattr(kind, "ambiguous", False)] == [Unanswered]
    assert not NotSent.ambiguous
    assert not Declined.ambiguous


def test_reasons_are_the_contracts() -> None:
    assert {kind.reason for kind in PERMANENT} == REASONS_OF_REDEMPTIONS


@pytest.mark.parametrize("kind", PERMANENT)
def test_each_carries_message_code_and_status(kind: type[PermanentError]) -> None:
    error = kind("says why", code="201", status=200)
    assert (str(error), error.message, error.code, error.status) == ("says why", "says why", "201", 200)


def test_a_wait_is_carried_by_what_is_transient() -> None:
    assert Declined("slow down", status=429, retry_after=7.0).retry_after == 7.0
    assert Unanswered("silence").retry_after is None


def test_rewording_changes_every_text() -> None:
    error = NotSent("the key is k1")
    error.reword(lambda text: text.replace("k1", "[secret]"))
    assert (error.message, str(error), repr(error)) == (
        "the key is [secret]", "the key is [secret]", "NotSent('the key is [secret]')",
    )  # fmt: skip
