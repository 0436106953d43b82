"""`celery -A worker.app …`: the app that Celery's own commands look for."""

from __future__ import annotations

import sys

from config.complaints import SettingsError
from worker.composition import create_app
from worker.configuration import settings

try:
    app = create_app(settings())
except SettingsError as error:
    sys.exit(f"redeem: {error}")
