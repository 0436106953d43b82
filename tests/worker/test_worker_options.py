"""Every option of the Celery that is installed is decided about, and what is refused is said in words."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import click
import pytest
from celery import concurrency
from celery.bin.base import CLIContext
from celery.bin.worker import worker
from click.testing import CliRunner

from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.worker_options import OPTIONS, POOLS, guard

Run = Callable[..., str]


@pytest.fixture(scope="module")
def app() -> Iterator[RedeemApp]:
    with running("redis://127.0.0.1:9/0") as made:
        yield made


@pytest.fixture
def celery_worker(app: RedeemApp) -> Run:
    """Runs the command with these options as far as they are looked at: `started`, or what it says instead."""
    command = copy.deepcopy(worker)
    command.callback = lambda **_: click.echo("started")
    guard(command)

    def run(*options: str, status: int = 0) -> str:
        context = CLIContext(app, no_color=True, workdir=None)
        done = CliRunner().invoke(command, options, obj=context, prog_name="celery worker")
        assert done.exit_code == status, done.output
        return done.output.rpartition("Error: ")[2].strip()

    return run


def test_each_option_of_this_celery_is_decided_about() -> None:
    assert {option.name for option in worker.params} == OPTIONS.keys()


def test_each_pool_of_this_celery_is_decided_about() -> None:
    refused = {"prefork", "processes", "eventlet", "gevent", "custom"}
    assert set(concurrency.get_available_pool_names()) == {*POOLS, *refused}


@pytest.mark.parametrize("pool", ["prefork", "processes", "eventlet", "gevent", "custom", "nonsense"])
def test_a_pool_that_cannot_keep_the_promise_is_refused(celery_worker: Run, pool: str) -> None:
    said = celery_worker("-P", pool, status=2)
    assert f"'-P' / '--pool': '{pool}' cannot be used" in said
    assert said.endswith("Use threads or solo.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--autoscale", "3,1"], "--autoscale cannot change the number of threads"),
        (["--purge"], "--purge would delete orders that nobody else has"),
        (["--discard"], "--purge would delete orders that nobody else has"),
        (["-B"], "--beat has nothing to schedule"),
        (["-s", "x"], "--schedule-filename has nothing to schedule"),
        (["--scheduler", "x"], "--scheduler has nothing to schedule"),
        (["--statedb", "x"], "--statedb keeps the ids of revoked tasks"),
        (["--time-limit", "3"], "--time-limit cannot end a thread"),
        (["--soft-time-limit", "3"], "--soft-time-limit cannot end a thread"),
        (["--max-tasks-per-child", "3"], "--max-tasks-per-child is for pools of child processes"),
        (["--max-memory-per-child", "3"], "--max-memory-per-child is for pools of child processes"),
        (["--pool-start-method", "spawn"], "--pool-start-method is for pools of child processes"),
        (["--disable-prefetch"], "--disable-prefetch is what Redeem's workers do anyway"),
        (["--prefetch-multiplier", "4"], "--prefetch-multiplier must be 1"),
        (["-Q", "celery"], "--queues names 'celery'; the queues are orders, sovendus, uniqodo"),
        (["-Q", "orders,sovendos"], "--queues names 'sovendos'"),
        (["-X", "sovendos"], "--exclude-queues names 'sovendos'"),
        (["-X", "orders,sovendus,uniqodo"], "--exclude-queues leaves no queue"),
        (["-Q", "orders", "-X", "orders"], "--exclude-queues leaves no queue"),
        (["-D"], "--detach needs --logfile"),
        (["-D", "-f", "/no/such/worker.log"], "--detach needs another --logfile, which cannot be written: there is no"),
        (["--pidfile", "/no/such/worker.pid"], "--pidfile cannot be written: there is no directory /no/such"),
        (["--pidfile", "/"], "--pidfile cannot be written: it is a directory"),
        (["--pidfile", "%z.pid"], "--pidfile has a % that stands for nothing"),
        (["-f", "%z.log"], "--logfile has a % that stands for nothing"),
        (["-n", "one@%z"], "Invalid value for '-n' / '--hostname': 'one@%z' has a % that stands for nothing"),
        (["--uid", "nobody-here"], "--uid cannot be used: User does not exist: nobody-here"),
        (["--gid", "nobody-here"], "--gid cannot be used: Group does not exist: nobody-here"),
        (["--umask", "o22"], "--umask must be octal, such as 022"),
        (["-I", "json,no_such.module"], "--include names 'no_such.module', which is no module here"),
        (["worker_pool=prefork"], "'worker_pool=prefork': Redeem is set by REDEEM_… settings only"),
        (["broker_url=redis://elsewhere"], "'broker_url=redis://elsewhere': Redeem is set by REDEEM_… settings only"),
    ],
)
def test_what_cannot_be_kept_is_refused(celery_worker: Run, options: list[str], said: str) -> None:
    assert celery_worker(*options, status=2).startswith(said)


def test_all_that_is_wrong_is_said_at_once(celery_worker: Run) -> None:
    said = celery_worker("--purge", "-Q", "celery", status=2)
    assert "--purge would delete" in said
    assert "--queues names 'celery'" in said


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-P", "threads", "-c", "4", "-O", "fair", "-E", "--prefetch-multiplier", "1"],
        ["-P", "solo", "-n", "one@%h", "-Q", "orders,uniqodo", "-X", "orders"],
        ["--without-gossip", "--without-mingle", "--without-heartbeat", "--heartbeat-interval", "5"],
        ["-D", "-f", "worker.log", "--pidfile", "worker.pid", "--uid=nobody", "--gid=nogroup", "--umask", "022"],
    ],
)
def test_what_can_be_kept_is_taken(celery_worker: Run, options: list[str]) -> None:
    assert celery_worker(*options) == "started"


def test_in_the_background_a_user_is_named_in_one_word(celery_worker: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["-D", "-f", "worker.log", "--uid", "nobody"]
    monkeypatch.setattr("sys.argv", ["celery", "worker", *options])
    assert celery_worker(*options, status=2) == "--detach needs --uid=NAME, in one word"


def test_a_level_on_the_command_line_is_the_apps(celery_worker: Run, app: RedeemApp) -> None:
    before = app.log_level
    celery_worker()
    assert app.log_level == before
    celery_worker("-l", "error")
    assert app.log_level == 40


def test_what_is_refused_is_not_offered(celery_worker: Run) -> None:
    offered = celery_worker("--help")
    assert "--concurrency" in offered
    assert "--autoscale" not in offered
    assert "--purge" not in offered
    assert "[threads|solo]" in offered
