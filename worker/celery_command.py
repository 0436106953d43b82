"""The `celery` command itself: its own options and variables that would outrank Redeem's settings.

Celery puts `--broker`, `--config` and the like into the environment before it imports the app: the queues would go
by them, and the ledger by the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click
import structlog
from celery import signals
from click.core import ParameterSource

from config.complaints import SettingsError
from config.settings import Settings
from worker.framework_variables import celery_variables, flower_variables, is_same_broker, not_heeded

_REFUSED: Final = {
    "broker": "-b/--broker is another broker than REDEEM_BROKER_URL, by which the ledger goes: leave it out",
    "result_backend": "--result-backend: Redeem keeps no results; what became of an order is in its ledger",
    "loader": "--loader: Redeem is set by REDEEM_… settings only",
    "config": "--config: Redeem is set by REDEEM_… settings only",
}
_MOVED: Final = "CELERY_WORKDIR: changes the directory for Celery's commands only; give --workdir, or start there"

log = structlog.get_logger("redeem.settings")


def refuse_other_settings(context: click.Context | None, settings: Settings) -> None:
    """Look at the options before the command's name, as `celery -A worker.app -b URL worker`.

    Raises SettingsError for one that contradicts the settings.
    """
    if context is None:
        return
    given = [name for name in _REFUSED if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    wrong = [_REFUSED[name] for name in given if name != "broker" or not is_same_broker(context.params[name], settings)]
    if context.get_parameter_source("workdir") is ParameterSource.ENVIRONMENT:
        wrong.append(_MOVED)
    if wrong:
        raise SettingsError(*wrong)


def tell_what_is_not_heeded(context: click.Context | None, environ: Mapping[str, str], settings: Settings) -> None:
    """Name the variables that are dropped: a worker in its log, any other command on standard error."""
    command = context.invoked_subcommand if context is not None else None
    names = celery_variables(environ, settings)
    if command == "flower":
        names += flower_variables(environ, settings)
    if not names:
        return
    if command != "worker":
        click.echo(f"redeem: {not_heeded(names)}", err=True)
        return

    def tell(**_: Any) -> None:  # noqa: ANN401 - whatever the signal brings
        log.warning("environment.not_heeded", variables=names, error=not_heeded(names))

    # After the worker has set up its log; weak=False, since nobody else holds the closure.
    signals.celeryd_after_setup.connect(tell, weak=False, dispatch_uid="redeem.environment")
