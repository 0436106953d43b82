"""`redeem up` from the lock on its data directory to the broker's end: what surrounds the running stack."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from config.settings import Settings
from tasks.partners import SPECS
from tasks.runtime import connect
from worker.dev.broker import BrokerError, EmbeddedValkey
from worker.dev.directory_lock import DirectoryLock
from worker.dev.processes import marked, stop_left_behind
from worker.dev.stack.demo_shop import TOKEN, demo_shop
from worker.dev.stack.sample_orders import sample_orders
from worker.dev.stack.stack import Plan, Stack
from worker.dev.stack.up_env import remove_up_env, write_up_env
from worker.dev.stack.wishes import BROKER, Configured, Wishes, port_for, read_configured, workers_for
from worker.framework_variables import celery_variables, drop_framework_variables, not_heeded

USUAL_BROKER_PORT: Final = 16379
USUAL_SANDBOX_PORT: Final = 8099
USUAL_WEB_PORT: Final = 8080
MARGIN: Final = 5.0
"""Seconds beyond the longest call that a worker gets to stop: it has to record what came of the call."""

Say = Callable[[str, str], None]


def up(wishes: Wishes, say: Say) -> int:
    """Run the whole system until it is told to stop; returns the exit status.

    Raises DirectoryInUseError, BrokerError, PortTakenError, SettingsError, OSError where the data directory cannot
    be written.
    """
    directory = wishes.directory
    with DirectoryLock(directory):
        remove_up_env(directory)
        configured = read_configured(os.environ, Path.cwd())
        _without_frameworks(os.environ, configured.settings, say)
        grace = longest_call(configured.settings) + MARGIN
        count = stop_left_behind(directory, grace=grace) + stop_left_behind(_data(directory), grace=grace)
        if count:
            say("warning", f"stopped {count} processes that a killed predecessor left running")
        with _broker(wishes, configured, say) as broker:
            invented = {BROKER: broker.url} if broker is not None else {}
            plan = _plan(wishes, configured, invented, say)
            try:
                status = asyncio.run(Stack(plan, broker, say).run())
            finally:
                _finish_in_peace()
                remove_up_env(directory)
        say("stopped", f"everything; data and logs stay in {directory}")
    return status


def _without_frameworks(environ: MutableMapping[str, str], settings: Settings, say: Say) -> None:
    """Drop the variables of Celery and Flower, for all that is started here: by any, Flower may be at another place."""
    names = celery_variables(environ, settings) + sorted(name for name in environ if name.startswith("FLOWER_"))
    if names:
        say("warning", not_heeded(names))
    drop_framework_variables(environ, settings)
    for name in names:
        environ.pop(name, None)


def longest_call(settings: Settings) -> float:
    """Seconds that a call to any partner may take."""
    return max(settings.endpoint(partner).read_timeout for partner in SPECS)


def _data(directory: Path) -> Path:
    """The embedded broker's directory; it stops after everything else, so it is a directory of its own."""
    return directory / "valkey"


@contextlib.contextmanager
def _broker(wishes: Wishes, configured: Configured, say: Say) -> Iterator[EmbeddedValkey | None]:
    if configured.has_broker:
        _ping(configured.settings)
        say("broker", f"yours, as {BROKER} says")
        yield None
        return
    port = port_for("the broker", wishes.broker_port, USUAL_BROKER_PORT)
    with EmbeddedValkey(_data(wishes.directory), port, say=lambda line: say("warning", line)) as broker:
        say("broker", f"{broker.url} (embedded Valkey, its data in {wishes.directory})")
        yield broker


def _ping(settings: Settings) -> None:
    """Raises BrokerError when the broker that is set does not answer."""
    with connect(settings) as client:
        try:
            client.ping()
        except RedisError as error:
            raise BrokerError(f"the broker that {BROKER} names does not answer: {error}") from error


def _plan(wishes: Wishes, configured: Configured, invented: dict[str, str], say: Say) -> Plan:
    """Choose ports, and where no shop is configured make one up."""
    flower = configured.settings.flower.port
    asked = wishes.flower_port or (flower if configured.has_flower_port else None)
    flower_port = port_for("Flower", asked, flower)
    sandbox_port = None
    if not configured.settings.shops:
        sandbox_port = port_for("the sandbox", wishes.sandbox_port, USUAL_SANDBOX_PORT)
        invented |= demo_shop(f"http://127.0.0.1:{sandbox_port}")
        say("SANDBOX", "no shop is configured, so no partner is called: the shop “demo” talks to a")
        say("", f"{'':19} sandbox of both partners on http://127.0.0.1:{sandbox_port}")
    web_port = _web_port(wishes, configured.settings, say, demo=sandbox_port is not None)
    if invented:
        write_up_env(wishes.directory, invented)
    return Plan(
        directory=wishes.directory,
        environment=marked(wishes.directory, {**os.environ, **invented}),
        flower_port=flower_port,
        sandbox_port=sandbox_port,
        web_port=web_port,
        grace=longest_call(configured.settings) + MARGIN,
        workers=workers_for(wishes.workers),
        sample_orders=tuple(sample_orders(int(time.time()))) if sandbox_port and wishes.sample_orders else (),
        hints=hints(wishes.directory, demo=sandbox_port is not None, web_port=web_port),
    )


def _web_port(wishes: Wishes, settings: Settings, say: Say, *, demo: bool) -> int | None:
    """The HTTP door's, where any shop can come in by it."""
    if not demo and not any(shop.tokens or shop.webhook_secrets for shop in settings.shops.values()):
        return None
    if importlib.util.find_spec("fastapi") is None or importlib.util.find_spec("uvicorn") is None:
        say("web", "not started: its packages are not installed (uv sync --all-extras)")
        return None
    return port_for("the HTTP door", wishes.web_port, USUAL_WEB_PORT)


def hints(directory: Path, *, demo: bool, web_port: int | None) -> tuple[str, ...]:
    """What to try next, in another terminal."""
    order = '{"order_id": "1", "shop": "demo", "coupons": [{"code": "MYCODE"}]}'
    lines = ["", "Everything runs; Ctrl-C stops it. In a second terminal, try"]
    if directory.resolve() != Path(".redeem").resolve():
        lines.append(f"  set -a; . {directory / 'up.env'}; set +a     since the data directory is not .redeem")
    lines += ["  ./run redeem status", "  ./run redeem dead list"]
    if demo:
        lines.append(f"  echo '{order}' | ./run redeem emit -")
    if demo and web_port is not None:
        order = '{"order_id": "2", "coupons": [{"code": "MYCODE"}]}'
        lines.append(f"  curl http://127.0.0.1:{web_port}/orders -H 'Authorization: Bearer {TOKEN}' \\")
        lines.append(f"    -H 'Content-Type: application/json' -d '{order}'")
    return (*lines, "")


def _finish_in_peace() -> None:
    """From here on only the broker stops, which takes a moment: another Ctrl-C would leave it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
