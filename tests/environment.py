"""What the tests and their processes see of the developer's environment: what is listed here, and nothing else.

A variable for Celery, Flower, Sentry, PostgreSQL or a proxy, a colour, a locale or a file in the home directory thus
changes no test. Time zone and place for temporary files stay the developer's: the tests must hold in all of them.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from typing import Final

from worker.open_files import raise_limit

_KEPT: Final = {
    "PATH",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",  # some Pythons do not start without
    "DYLD_LIBRARY_PATH",
    "LD_PRELOAD",  # this and the next: a faked clock
    "DONT_FAKE_MONOTONIC",
    "TOOLS_REQUIRED",  # tests/tools.py
    "TOOLS_ON_PATH_ONLY",
    "TEST_REDIS_SERVER",  # tests/deploy/guarded_broker.py
    "KILL_SEED",  # another course of things for the campaigns
    "WRITE_DOCS",  # examples in the documentation are written anew
}
_KEPT_FAMILIES: Final = ("PYTEST_", "FAKETIME", "COVERAGE_")
_REGISTRIES: Final = ("PIP_", "UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_OUTSIDE: Final = "PYTEST_OUTSIDE"
"""Carries what `registries` gives, as JSON, to the processes that pytest-xdist starts. Also says that all is done."""


def isolate() -> None:
    """Reduce this process's environment, for it and for all that it starts.

    Called before anything is started, in the process that was called by the developer and in those of pytest-xdist.
    """
    if _OUTSIDE in os.environ:
        return
    given = dict(os.environ)
    home = tempfile.mkdtemp(prefix="home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.clear()
    os.environ.update(_allowed(given))
    os.environ |= {"HOME": home, "LANG": "C.UTF-8", _OUTSIDE: json.dumps(_outside(given))}
    raise_limit()


def registries() -> dict[str, str]:
    """The environment for a process that installs packages: the developer's home, proxies, certificates too."""
    outside: dict[str, str] = json.loads(os.environ[_OUTSIDE])
    return {name: value for name, value in os.environ.items() if not name.startswith("REDEEM_")} | outside


def _allowed(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if name in _KEPT or name.startswith(_KEPT_FAMILIES)}
    for name, meant in (("FORCE_COLOR", "1"), ("NO_COLOR", "0")):  # which pytest's report still heeds, by its own name
        if given.get(name):
            kept.setdefault("PY_COLORS", meant)
    return kept


def _outside(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name == "HOME" or name.upper().startswith(_REGISTRIES)}
