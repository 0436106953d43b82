"""What the options and settings of `redeem up` ask for, and which ports it therefore takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.names import names_of
from config.settings import Settings, load_settings, settings_model
from config.sources import read_layers
from tasks.partners import SPECS
from worker.dev.ports import free_port, is_free
from worker.dev.stack import up_env

BROKER = "REDEEM_BROKER_URL"
_MOST_WORKERS: Final = 4
_NOT_YET: Final = "redis://127.0.0.1:1/0"  # stands for the embedded broker while settings are checked before it runs


class PortTakenError(Exception):
    """A port that was asked for is not free; the text says which and what to do."""


@dataclass(frozen=True)
class Wishes:
    """The options; a port that is None may be any."""

    directory: Path
    sample_orders: bool = True
    broker_port: int | None = None
    flower_port: int | None = None
    sandbox_port: int | None = None
    web_port: int | None = None
    workers: int | None = None
    """Worker processes; None: one a core."""


@dataclass(frozen=True)
class Configured:
    """The settings, and what of them was set by somebody rather than left to its default."""

    settings: Settings
    has_broker: bool
    has_flower_port: bool


def read_configured(environ: Mapping[str, str], directory: Path) -> Configured:
    """The settings without `up.env`, which tells of a stack that runs. Raises SettingsError."""
    layers = read_layers(names_of(settings_model(SPECS)), environ, directory)
    said = {path for layer in layers if not layer.origin.endswith(up_env.NAME) for path in layer.values}
    has_broker = ("broker_url",) in said
    environ = environ if has_broker else {**environ, BROKER: _NOT_YET}
    settings = load_settings(SPECS, environ=environ, directory=directory)
    return Configured(settings, has_broker, ("flower", "port") in said)


def workers_for(asked: int | None) -> int:
    """`asked`, or one a core that this process may use, four at the most: Redis has enough to do with so many."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return asked or min(cores, _MOST_WORKERS)


def port_for(what: str, asked: int | None, usual: int) -> int:
    """`asked`, or the usual port, or any free one where that is taken. Raises PortTakenError when `asked` is taken."""
    if asked is not None and not is_free(asked):
        raise PortTakenError(f"port {asked}, asked for {what}, is taken by another program: free it or choose another")
    if asked is not None:
        return asked
    return usual if is_free(usual) else free_port()
