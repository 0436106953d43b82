"""What Flower keeps of tasks that others tell of."""

from __future__ import annotations

from typing import Any

import pytest
from celery.events.state import State

from worker.flower_tasks import DiscreetTask

ADDRESS = "jane.doe@example.com"


class Pictures(State):
    """Celery's state of a cluster, with our picture of a task, as Flower's has."""

    Task = DiscreetTask


def told(*events: dict[str, Any]) -> Any:  # noqa: ANN401 - a DiscreetTask, whose stubs know half of it
    """The picture of a task after these events."""
    state: Any = Pictures()
    for clock, event in enumerate(events):
        at = {"uuid": "1", "hostname": "w@host", "timestamp": 1.0 + clock, "local_received": 1.0, "clock": clock}
        state.event(at | {"utcoffset": 0, "pid": 1} | event)
    return state.tasks["1"]


def shown(task: Any) -> str:  # noqa: ANN401 - likewise
    """All that Flower could show of it."""
    return repr({name: getattr(task, name) for name in task._fields})


@pytest.mark.parametrize("name", ["sovendus.redeem", "uniqodo.redeem"])
def test_of_ours_the_workers_words_are_kept(name: str) -> None:
    received = {"type": "task-received", "name": name, "args": "('uniqodo:uk:1:A',)", "kwargs": "{}"}
    task = told(received, {"type": "task-dead_letter", "exception": "rejected: offer expired"})
    assert (task.state, task.args, task.exception) == ("DEAD_LETTER", "('uniqodo:uk:1:A',)", "rejected: offer expired")


def test_of_a_senders_announcement_no_arguments_are_kept() -> None:
    task = told({"type": "task-sent", "name": "sovendus.redeem", "args": f"('{ADDRESS}',)", "kwargs": ADDRESS})
    assert task.name == "sovendus.redeem"
    assert ADDRESS not in shown(task)


def test_of_a_strangers_worker_nothing_is_kept_but_that_it_ran() -> None:
    begun = {
        "type": "task-received",
        "name": "shop.mail",
        "args": f"('{ADDRESS}',)",
        "kwargs": f"{{'to': '{ADDRESS}'}}",
    }
    failed = {"type": "task-failed", "exception": f"ValueError('{ADDRESS}')", "traceback": f"mail({ADDRESS})"}
    task = told(begun, failed)
    assert (task.name, task.state) == ("shop.mail", "FAILURE")
    assert ADDRESS not in shown(task)
    assert ADDRESS not in shown(told(begun, {"type": "task-succeeded", "result": ADDRESS}))


def test_of_one_whose_beginning_was_missed_the_reason_is_kept_without_addresses() -> None:
    task = told({"type": "task-dead_letter", "exception": f"rejected: 204 for {ADDRESS}", "args": f"('{ADDRESS}',)"})
    assert "rejected: 204 for" in str(task.exception)
    assert ADDRESS not in shown(task)
