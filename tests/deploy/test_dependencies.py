"""A production install (`--no-dev`) has whatever our programs import, also what a development tool happens to bring."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import Any

from tests.deploy.guarded_broker import ROOT

IMPORT_ALL = """
import importlib, importlib.abc, json, os, pkgutil, sys
from importlib.metadata import packages_distributions

there = set(json.load(sys.stdin))
told = {
    module: {name.lower().replace("_", "-").replace(".", "-") for name in names}
    for module, names in packages_distributions().items()
}

class OnlyProductions(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        owners = told.get(name.partition(".")[0])
        if owners and not owners & there:
            raise ModuleNotFoundError(f"No module named {name!r} in production", name=name)

sys.meta_path.insert(0, OnlyProductions())
os.environ["REDEEM_BROKER_URL"] = "redis://127.0.0.1:1/0"
for package in ("config", "tasks", "worker"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not found.name.startswith("worker.dev"):
            importlib.import_module(found.name)
import flower.command
"""


def locked(name: str, extras: tuple[str, ...], packages: dict[str, Any], found: set[tuple[str, str]]) -> None:
    """Add to `found` what the lock says that a package needs at run time."""
    for extra in ("", *extras):
        if (name, extra) in found:
            continue
        found.add((name, extra))
        package = packages[name]
        needs = package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
        for need in needs:
            locked(need["name"], tuple(need.get("extra", ())), packages, found)


def imported_with(names: set[str]) -> subprocess.CompletedProcess[str]:
    """What importing all of our modules says where only these distributions are installed."""
    command = [sys.executable, "-c", IMPORT_ALL]
    return subprocess.run(
        command, input=json.dumps(sorted(names)), capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_everything_imported_is_locked_for_production() -> None:
    found: set[tuple[str, str]] = set()
    packages = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}
    locked("redeem", ("http", "sql"), packages, found)
    names = {name for name, _ in found}
    done = imported_with(names)
    assert done.returncode == 0, done.stderr
    assert "No module named 'packaging" in imported_with(names - {"packaging"}).stderr  # it does look
