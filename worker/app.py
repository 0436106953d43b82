"""`celery -A worker.app …`: the app that Celery's own commands look for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from config.complaints import SettingsError
from worker.composition import create_app
from worker.configuration import settings

try:
    app = create_app(settings())
except SettingsError as error:
    sys.exit(f"redeem: {error}")

# `celery -A worker.app flower` shall need no option: Flower reads this variable after it has imported the app.
os.environ.setdefault("FLOWER_CONF", str(Path(__file__).with_name("flowerconfig.py")))
