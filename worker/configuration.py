"""The settings of this process, read once: the registry's partners decide what a shop can configure."""

from __future__ import annotations

import functools

from config.settings import Settings, load_settings
from tasks.partners import SPECS


@functools.cache
def settings(*, least: bool = False) -> Settings:
    """The settings from environment, `.env`, `redeem.toml` and secrets.

    `least` is for what needs nothing but the broker: accounts whose secrets are not set here are left out.
    Raises SettingsError, whose text names every variable that is wrong.
    """
    return load_settings(SPECS, least=least)
