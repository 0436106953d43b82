"""A broker that may be killed, and a system on it whose one worker tells how it is."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.kit import System
from tests.acceptance.kit.signs import Signs
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.acceptance.kit import Shop
    from worker.dev.sandbox import Sandbox


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One that may be killed."""
    with EmbeddedValkey(tmp_path / "broker") as own:
        yield own


@pytest.fixture
def signs(tmp_path: Path) -> Signs:
    """The files of `make`'s worker."""
    return Signs(tmp_path)


@pytest.fixture
def make(broker: EmbeddedValkey, partners: Sandbox, signs: Signs, tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Makes a system on `broker` whose worker shows `signs`; arguments are shops and settings."""
    with contextlib.ExitStack() as made:

        def system(*shops: Shop, **settings: str) -> System:
            return made.enter_context(
                System(broker.url, partners.url, shops, tmp_path, FAST | signs.settings() | settings)
            )

        yield system


@pytest.fixture
def systemd(short_path: Path) -> Iterator[socket.socket]:
    """The socket, at `notify`, that systemd gives to a service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(short_path / "notify"))
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature
        yield listening
