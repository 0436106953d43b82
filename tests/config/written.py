"""What was logged, as read from stderr."""

from __future__ import annotations

import json
from typing import Any

import pytest


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Everything written since the last look, by line."""
    return capsys.readouterr().err.splitlines()


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The same of JSON lines."""
    return [json.loads(line) for line in lines(capsys)]
