"""The composition root: settings, logging, Sentry, Celery and the runtime put together."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

from celery import Celery, signals

from config.celery_options import celery_options
from config.logs import configure_logging
from config.redaction import Redactor
from config.sentry import configure_sentry
from config.settings import Settings
from tasks.doorbell import task_name
from tasks.messages.burying import Reasoned, bury_message
from tasks.order_task import NAME, QUEUE
from tasks.partners import PARTNERS
from tasks.runtime import Runtime
from worker.framework_variables import drop_framework_variables
from worker.liveness import Liveness
from worker.lookout import Lookout
from worker.metrics import MetricsEndpoint
from worker.transport import Lanes, install
from worker.vital_signs import VitalSigns
from worker.waker import Waker


class RedeemApp(Celery):
    """A Celery app that brings its tasks what they work with."""

    events_cls = "worker.events:Events"

    def __init__(self, settings: Settings) -> None:
        drop_framework_variables(os.environ, settings)
        install()
        # Without its fixups: a shop's DJANGO_SETTINGS_MODULE would have Celery set up Django here, or fail to.
        super().__init__("redeem", set_as_current=True, fixups=[])
        self.settings = settings
        self.log_level: str | int = settings.log_level
        """From which level on this process logs; `celery worker --loglevel` changes it."""
        self.conf.update(celery_options(settings, orders=QUEUE, partners=PARTNERS))
        self.conf.broker_transport_options |= {"lanes": self._lanes()}
        self.signs = VitalSigns()
        self.steps["worker"].update((Waker, Liveness, Lookout, MetricsEndpoint))

    @functools.cached_property
    def runtime(self) -> Runtime:
        """Ledger and partner clients, built on first use."""
        return Runtime(self.settings)

    def _lanes(self) -> Lanes:
        def bury(raw: bytes, queue: str, error: Reasoned, token: str) -> None:
            bury_message(self.runtime, raw, queue, error, token=token)

        tasks = {NAME, *map(task_name, PARTNERS)}
        return Lanes(
            intake=QUEUE,
            partners=frozenset(PARTNERS),
            tasks=tasks,
            key_prefix=f"{self.settings.key_prefix}:",
            bury=bury,
        )


def create_app(settings: Settings) -> RedeemApp:
    """The app of a worker, of Flower and of every command that emits or rings."""
    redactor = Redactor(settings.secrets())
    configure_sentry(settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None, redactor)

    app = RedeemApp(settings)

    def log_our_way(logfile: str | None = None, **_: Any) -> None:  # noqa: ANN401 - whatever the signal brings
        try:
            configure_logging(app.log_level, settings.log_format, redactor, file=logfile)
        except OSError as error:
            sys.exit(f"redeem: --logfile cannot be written: {error.strerror}")

    # Celery leaves logging alone once somebody listens to this signal; weak=False, since nobody else holds the closure.
    signals.setup_logging.connect(log_our_way, weak=False, dispatch_uid="redeem.logs")
    return app
