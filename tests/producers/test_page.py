"""No block of docs/producers.md that nobody runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.producers.page import PAGE, blocks

TESTS = {
    file.name: file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py") if file != Path(__file__)
}


@pytest.mark.parametrize("name", blocks())
def test_every_block_is_run_by_a_test(name: str) -> None:
    assert any(f'"{name}"' in text for text in TESTS.values()), f"no test in {Path(__file__).parent} names {name}"


def test_every_block_is_found_with_its_name() -> None:
    assert len(blocks()) * 2 == sum(line.startswith("```") for line in PAGE.read_text("utf-8").splitlines())
    assert all(block.language for block in blocks().values())
