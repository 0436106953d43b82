"""A place with a short, plain path: a unix socket's may have some hundred characters, and not every program quotes."""

from __future__ import annotations

import tempfile


def short_directory() -> tempfile.TemporaryDirectory[str]:
    """A directory that is gone at the end of its `with` block."""
    return tempfile.TemporaryDirectory(prefix="redeem-", dir="/tmp")
