"""docs/deployment.md: what it tells to run is run here as far as it can be, and its figures are the files'."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from config.celery_options import CONCURRENCY
from tasks.redeeming import lease_for
from tests.deploy.guarded_broker import ROOT
from tests.deploy.rights import RUNS
from tests.deploy.test_systemd import LONGEST_CALL, section
from worker.transport.credit import intake_share, share
from worker.web.gate import MOST_AT_ONCE
from worker.web.server import _LAST_REQUESTS

PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_users_are_made_by_the_commands_shown(tmp_path: Path) -> None:
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (commands,) = [block for block in BLOCKS if "users.sh" in block]
    subprocess.run(["sh", "-e", "-c", commands], check=True, cwd=tmp_path)
    assert {path.stem for path in (tmp_path / "users").glob("*.password")} == RUNS.keys() | {"admin"}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)) == RUNS.keys() | {"admin"}


def test_the_units_are_copied_by_the_commands_shown(tmp_path: Path) -> None:
    """All but what needs a running systemd; each unit that is enabled is then there."""
    (commands,) = [block for block in BLOCKS if "systemctl" in block]
    copying = "\n".join(line for line in commands.splitlines() if not line.startswith("systemctl"))
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    subprocess.run(["sh", "-e", "-c", copying.replace("/etc/", "etc/")], check=True, cwd=tmp_path)
    (enabled,) = re.findall(r"enable --now (.*)", commands)
    for unit in enabled.split():
        file = re.sub(r"@\d+$", "@", unit)
        assert (tmp_path / "etc/systemd/system" / (file if "." in file else f"{file}.service")).is_file(), unit
    assert (tmp_path / "etc/systemd/system/redeem-.service.d/common.conf").is_file()


def test_the_secrets_of_kubernetes_are_those_that_the_manifests_want() -> None:
    (commands,) = [block for block in BLOCKS if "kubectl" in block]
    made = set(re.findall(r"create (?:secret generic|configmap) (\S+)", commands))
    applied = re.findall(r"-f (deploy/kubernetes/\S+)", commands)
    assert len(applied) > 1
    deployments = [next(iter(yaml.safe_load_all((ROOT / file).read_text("utf-8")))) for file in applied]
    volumes = [volume for one in deployments for volume in one["spec"]["template"]["spec"]["volumes"]]
    wanted = {volume["configMap"]["name"] for volume in volumes if "configMap" in volume}
    wanted |= {
        source["secret"]["name"] for volume in volumes for source in volume.get("projected", {}).get("sources", [])
    }
    assert made == wanted


def test_its_figures_are_the_codes() -> None:
    assert f"{lease_for(LONGEST_CALL):g} s at a `READ_TIMEOUT` of {LONGEST_CALL:g} s" in PAGE
    assert f"TimeoutStopSec={section('redeem-worker@.service')['TimeoutStopSec']}" in PAGE
    calls = CONCURRENCY - intake_share(CONCURRENCY)
    assert f"A worker has {CONCURRENCY} threads, of which one partner gets {share(calls)} at most" in PAGE
    assert f"answers what is in hand, {_LAST_REQUESTS} s at most" in PAGE
    assert f"Beyond {MOST_AT_ONCE} requests at once" in PAGE


def test_the_scripts_of_ours_are_clean() -> None:
    assert subprocess.run(["sh", "-n", str(ROOT / "deploy/redis/users.sh")], check=False).returncode == 0
    if shellcheck := shutil.which("shellcheck"):
        done = subprocess.run(
            [shellcheck, str(ROOT / "deploy/redis/users.sh")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
