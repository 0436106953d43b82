"""The manifests: whole, safe, and with figures and files that fit the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import load_settings
from tasks.partners import SPECS
from tasks.redeeming import lease_for
from tests.deploy.guarded_broker import ROOT
from tests.deploy.test_systemd import HUNG_AFTER, LONGEST_CALL, STOPPING, section
from tests.tools import tool
from worker.web import health
from worker.web.server import _LAST_REQUESTS

FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS = {path.stem: list(yaml.safe_load_all(path.read_text("utf-8"))) for path in FOLDER.glob("*.yaml")}
PODS = {name: MANIFESTS[name][0]["spec"]["template"]["spec"] for name in ("worker", "web", "relay", "flower")}


def container(name: str) -> dict[str, Any]:
    """The pod's only one."""
    (only,) = PODS[name]["containers"]
    found: dict[str, Any] = only
    return found


def test_they_keep_to_kubernetes_own_schemas() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="100 MB of schemas: pip install kubernetes-validate")
    for manifest in (one for name in PODS for one in MANIFESTS[name]):
        validate.validate(manifest, "1.32", strict=True)


@pytest.mark.parametrize("name", PODS)
def test_they_run_as_nobody_and_write_nowhere(name: str) -> None:
    pod, own = PODS[name]["securityContext"], container(name)["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not PODS[name]["automountServiceAccountToken"]
    assert f"USER {pod['runAsUser']}:{pod['runAsGroup']}\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", PODS)
def test_the_environment_is_settings_that_load(name: str, tmp_path: Path) -> None:
    assert not PODS[name]["enableServiceLinks"]  # or a service called redeem-… sets names that are no settings
    environ = {one["name"]: one["value"] for one in container(name)["env"]}
    environ["REDEEM_SECRETS_DIR"] = str(tmp_path)
    (tmp_path / "REDEEM_BROKER_URL").write_text("redis://worker:secret@valkey:6379/0")
    assert load_settings(SPECS, environ=environ, directory=tmp_path).broker_url


def test_secrets_and_settings_are_where_the_program_looks() -> None:
    for name in PODS:
        mounts = {mount["name"]: mount["mountPath"] for mount in container(name)["volumeMounts"]}
        environ = {one["name"]: one["value"] for one in container(name)["env"]}
        assert mounts["secrets"] == environ["REDEEM_SECRETS_DIR"]
        assert f"WORKDIR {mounts['settings']}\n" in (ROOT / "Dockerfile").read_text()  # of redeem.toml
        assert {volume["name"] for volume in PODS[name]["volumes"]} == mounts.keys()


def test_a_stop_leaves_calls_the_time_they_may_take() -> None:
    assert PODS["worker"]["terminationGracePeriodSeconds"] >= lease_for(LONGEST_CALL) + STOPPING


def test_the_worker_hangs_before_kubernetes_says_so() -> None:
    """Its own watchdog is first, since it leaves every thread's stack in the log."""
    worker = container("worker")
    (minutes,) = re.findall(r"-mmin -(\d+)", worker["livenessProbe"]["exec"]["command"][-1])
    assert int(minutes) * 60 > HUNG_AFTER
    environ = {one["name"]: one["value"] for one in worker["env"]}
    assert environ["REDEEM_LIVENESS_FILE"] in worker["livenessProbe"]["exec"]["command"][-1]
    assert worker["startupProbe"]["exec"]["command"][-1] == environ["REDEEM_LIVENESS_FILE"]
    assert worker["readinessProbe"]["exec"]["command"][-1] == environ["REDEEM_READINESS_FILE"]
    (port,) = worker["ports"]
    assert str(port["containerPort"]) == environ["REDEEM_METRICS__PORT"]


def test_the_door_is_asked_what_it_answers_and_stops_when_nobody_comes_any_more() -> None:
    web = container("web")
    paths = {kind: web[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert set(paths.values()) <= {getattr(route, "path", "") for route in health.router.routes}
    assert web["readinessProbe"]["timeoutSeconds"] > health.BOUND
    (port,) = web["ports"]
    assert {"name": "PORT", "value": str(port["containerPort"])} in web["env"]
    waits = int(web["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert PODS["web"]["terminationGracePeriodSeconds"] > waits + _LAST_REQUESTS
    assert float(section("redeem-web.service")["TimeoutStopSec"]) > _LAST_REQUESTS


def test_what_selects_selects_what_is_there() -> None:
    for manifests in (MANIFESTS[name] for name in PODS):
        labels = manifests[0]["spec"]["template"]["metadata"]["labels"].items()
        for manifest in manifests:
            selector = manifest["spec"]["selector"]
            assert selector.get("matchLabels", selector).items() <= labels
    (scaled,) = MANIFESTS["autoscaling"]
    assert scaled["spec"]["scaleTargetRef"]["name"] == MANIFESTS["worker"][0]["metadata"]["name"]


QUERIED = """
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {series: 'redeem_waiting{partner="sovendus",shop="uk",state="queued",instance="a"}', values: '700x10'}
      - {series: 'redeem_waiting{partner="sovendus",shop="uk",state="queued",instance="b"}', values: '700x10'}
      - {series: 'redeem_waiting{partner="sovendus",shop="uk",state="retrying",instance="a"}', values: '90x10'}
      - {series: 'redeem_waiting{partner="uniqodo",shop="uk",state="queued",instance="a"}', values: '50000x10'}
      - {series: 'redeem_breaker{partner="sovendus",shop="uk",state="closed",instance="a"}', values: '1x10'}
      - {series: 'redeem_breaker{partner="uniqodo",shop="uk",state="closed",instance="a"}', values: '0x10'}
      - {series: 'redeem_queue_messages{queue="orders",instance="a"}', values: '300x10'}
    promql_expr_test:
      - {expr: QUERY, eval_time: 1m, exp_samples: [{labels: '{}', value: 1000}]}
  - interval: 15s
    promql_expr_test:
      - {expr: QUERY, eval_time: 1m, exp_samples: [{labels: '{}', value: 0}]}
"""


def test_it_scales_by_what_more_workers_would_send(tmp_path: Path) -> None:
    """700 that two workers tell of and 300 untaken orders; not the 50,000 of an account that takes no calls."""
    promtool = tool("promtool", package="prometheus")
    (trigger,) = MANIFESTS["autoscaling"][0]["spec"]["triggers"]
    cases = yaml.safe_load(QUERIED)
    for case in cases["tests"]:
        case["promql_expr_test"][0]["expr"] = trigger["metadata"]["query"]
    (tmp_path / "cases.yml").write_text(yaml.safe_dump(cases))
    done = subprocess.run(
        [promtool, "test", "rules", "cases.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
