from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.plain_logs import plain_logs


@pytest.fixture
def root_logger_as_before() -> Iterator[None]:
    """Takes back what `configure_logging` did to the process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    plain_logs()
