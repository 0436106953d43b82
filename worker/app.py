"""`celery -A worker.app …`: the app that Celery's own commands look for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from celery.bin.worker import worker

from config.complaints import SettingsError
from worker.celery_command import refuse_other_settings, tell_what_is_not_heeded
from worker.composition import create_app
from worker.configuration import settings
from worker.worker_options import guard

context = click.get_current_context(silent=True)  # of Celery's command; none where somebody else imports this
try:
    refuse_other_settings(context, settings())
    tell_what_is_not_heeded(context, os.environ, settings())
    app = create_app(settings())
except SettingsError as error:
    sys.exit(f"redeem: {error}")

guard(worker)

# `celery -A worker.app flower` shall need no option: Flower reads this variable after it has imported the app.
os.environ["FLOWER_CONF"] = str(Path(__file__).with_name("flowerconfig.py"))
