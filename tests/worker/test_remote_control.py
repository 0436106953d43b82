"""What remote control may do to a worker: harmful commands are refused, and each of Celery's is decided about."""

from __future__ import annotations

from celery.worker.control import Panel

from worker.remote_control import ALLOWED, REFUSED


def test_each_command_of_this_celery_is_decided_about() -> None:
    assert Panel.meta.keys() == REFUSED.keys() | ALLOWED.keys()
    assert not REFUSED.keys() & ALLOWED.keys()
