"""Do our pages fit into the Flower that is installed? What they rely on of its insides is looked for one by one."""

from __future__ import annotations

import inspect
from pathlib import Path

import flower.app
import flower.command
import flower.urls
import pytest
from flower.options import default_options
from flower.views import BaseHandler

from worker.flower_pages.amended_templates import FlowerMovedError, amended, loader

TEMPLATES = Path(flower.urls.settings["template_path"])


def test_every_place_for_what_is_ours_is_there() -> None:
    loader(str(TEMPLATES)).check()


@pytest.mark.parametrize("name", ["base.html", "navbar.html", "tasks.html", "task.html", "worker.html"])
def test_a_place_that_moved_is_said_loudly(name: str) -> None:
    with pytest.raises(FlowerMovedError, match=name):
        amended(name, "<html>another release</html>")
    twice = (TEMPLATES / name).read_text() * 2
    with pytest.raises(FlowerMovedError, match=name):
        amended(name, twice)


def test_other_templates_are_flowers_own() -> None:
    source = (TEMPLATES / "workers.html").read_text()
    assert amended("workers.html", source) == source


def test_no_button_is_left_for_what_workers_refuse() -> None:
    task, worker = (amended(name, (TEMPLATES / name).read_text()) for name in ("task.html", "worker.html"))
    for one in ("task-revoke", "task-terminate"):
        assert one not in task, one
    for one in ('id="worker-pool-', 'id="task-rate-limit', 'id="task-timeout', "tab-limits"):
        assert one not in worker, one
    for kept in ("worker-shutdown", "worker-refresh-all", "worker-cancel-consumer-", "tab-config", "end system tab"):
        assert kept in worker, kept


def test_what_our_pages_use_of_flowers_insides_is_there() -> None:
    assert {
        "read_only",
        "basic_auth",
        "auth",
        "address",
        "unix_socket",
        "url_prefix",
    } <= default_options.as_dict().keys()
    for name in ("get_current_user", "check_xsrf_cookie", "write_error", "log_exception", "set_default_headers"):
        assert name in vars(BaseHandler), name
    for name in ("start_http_server", "stop"):
        assert name in vars(flower.app.Flower), name
    # The command looks its application up when it runs, after it has read our configuration.
    assert "Flower(capp=app, options=options, **settings)" in inspect.getsource(flower.command.flower.callback)
    assert "handlers = default_handlers" in inspect.getsource(flower.app.Flower.__init__)
    classes = (TEMPLATES.parent / "static/css/flower.css").read_text()
    for name in (
        ".page-section",
        ".metric-card",
        ".page-eyebrow",
        ".detail-row",
        "--flower-surface",
        "--flower-danger",
    ):
        assert name in classes, name
