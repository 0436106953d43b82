"""The units: systemd's own tool finds them right and safe, and their figures fit what the code does."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.endpoints import Endpoint
from config.settings import Settings
from tasks.partners import PARTNERS
from tasks.redeeming import lease_for
from tests.deploy.guarded_broker import ROOT
from tests.tools import tool
from worker.cli import COMMANDS

UNITS = ROOT / "deploy" / "systemd"
SERVICES = ("redeem-worker@.service", "redeem-web.service", "redeem-relay.service", "redeem-flower.service")
LONGEST_CALL = max(field.default for name, field in Endpoint.model_fields.items() if name == "read_timeout")
HUNG_AFTER = Settings.model_fields["hung_after"].default
STOPPING = 15  # seconds for what is not a call: the waker's last look, the watchdog's last words


def section(name: str, which: str = "Service") -> configparser.SectionProxy:
    """A section of one unit file."""
    read = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    read.optionxform = str  # type: ignore[assignment,method-assign]  # names have capitals
    read.read(UNITS / name, encoding="utf-8")
    return read[which]


@pytest.fixture
def installed(short_path: Path) -> Path:
    """The units as they would stand on this machine."""
    tool("systemd-analyze", package="systemd")
    shutil.copytree(UNITS, short_path / "units")
    secrets = short_path / "secrets"
    secrets.mkdir()
    programs = short_path / "bin"  # the checkout's own path may hold a blank, which would have to be quoted
    programs.symlink_to(Path(sys.executable).parent)
    places = {"/opt/redeem/.venv/bin": str(programs), "/etc/redeem/secrets": str(secrets)}
    for file in (short_path / "units").rglob("*.*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            for place, here in places.items():
                text = text.replace(place, here)
            file.write_text(text, encoding="utf-8")
    return short_path / "units"


def test_systemd_has_nothing_to_say_against_them(installed: Path) -> None:
    names = ("redeem-worker@1.service", *SERVICES[1:], "redeem.target")
    done = subprocess.run(
        ["systemd-analyze", "verify", *names], cwd=installed, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    broken = installed / "redeem-flower.service"
    broken.write_text(broken.read_text() + "[Service]\nRestrat=always\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", broken.name], cwd=installed, capture_output=True, text=True, check=False
    )
    assert "Restrat" in done.stderr  # it does look


@pytest.mark.parametrize("name", SERVICES)
def test_they_may_touch_next_to_nothing(name: str, installed: Path) -> None:
    """From 0, nothing, to 10; 2 is what systemd calls OK."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", name],
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_stop_leaves_calls_the_time_they_may_take() -> None:
    assert float(section("redeem-worker@.service")["TimeoutStopSec"]) >= lease_for(LONGEST_CALL) + STOPPING


def test_systemds_watchdog_is_the_net_beneath_the_workers_own() -> None:
    worker = section("redeem-worker@.service")
    assert worker["Type"] == "notify"
    assert float(worker["WatchdogSec"]) > HUNG_AFTER


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_ends_is_started_again_for_ever(name: str) -> None:
    assert section(name)["Restart"] == "always"
    assert float(section(name)["RestartSec"]) >= 1
    assert section(name, "Unit")["StartLimitIntervalSec"] == "0"
    assert section(name)["KillMode"] == "mixed"


def test_secrets_come_as_the_settings_expect_them() -> None:
    """systemd names a file `BROKER_URL` of the directory REDEEM_BROKER_URL, and %d is where it puts it."""
    common = section("redeem-.service.d/common.conf")
    assert common["LoadCredential"].split(":")[0] == "REDEEM"
    assert "REDEEM_SECRETS_DIR=%d" in common["Environment"].split()


def test_procfile_and_units_start_the_same() -> None:
    processes = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert {"worker", "partners", "web", "flower"} <= processes.keys()
    assert f"-Q {','.join(PARTNERS)} " in processes["partners"]
    for name, command in processes.items():
        program = command.split()[0]
        assert program == "celery" or (program == "redeem" and command.split()[1] in COMMANDS), command
        for unit in UNITS.glob(f"redeem-{name}*.service"):
            assert command in section(unit.name)["ExecStart"]
