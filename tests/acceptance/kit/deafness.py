"""Whether a worker still listens to its broker; and where it hangs, told by every thread of it, when it does not."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

import psutil
from redis import Redis
from redis.exceptions import RedisError

from tests.acceptance.kit.polling import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.acceptance.kit.processes import Daemon
    from worker.dev.broker import EmbeddedValkey

_ASK: Final = signal.SIGUSR2
_SITE: Final = f"import faulthandler\nfaulthandler.register({int(_ASK)}, all_threads=True)\n"
_TOLD: Final = "(most recent call first)"
_BLOCKED: Final = "b"


def telling_where_they_hang(directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment whose Python processes answer `stacks`; puts a file into `directory`."""
    site = directory / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(_SITE)
    path = [str(site), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": ":".join(path)}


def stacks(process: Daemon) -> str:
    """What each thread is at, as the process itself writes it even when its interpreter is stuck."""
    before = len(process.said())
    process.signal(_ASK)
    eventually(lambda: _TOLD in process.said()[before:], what="the stacks")
    return process.said()[before:]


def listens(process: Daemon, broker: EmbeddedValkey) -> bool:
    """Whether a connection of the process waits in the broker for messages, in a blocking command."""
    try:
        with Redis.from_url(broker.url, decode_responses=True) as redis:
            clients: Any = redis.client_list()
        ports = {one.laddr.port for one in psutil.Process(process.pid).net_connections("tcp")}
    except (RedisError, psutil.NoSuchProcess):
        return False
    return any(_BLOCKED in one["flags"] and int(one["addr"].rpartition(":")[2]) in ports for one in clients)
