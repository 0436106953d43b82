"""The pictures in docs/images, taken anew: ./run python -m tests.worker.flower_pages.screenshots"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.worker.flower_pages.browser import browser, logged_in
from tests.worker.flower_pages.stage import Stage, a_bad_day, stage
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_IMAGES: Final = Path(__file__).parents[3] / "docs" / "images"


def take(directory: Path) -> None:
    """All pictures, light and dark, into the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, Sandbox(port=0) as partners, browser() as running:
        data = Path(scratch)
        with (
            EmbeddedValkey(data / "broker") as broker,
            stage(broker.url, partners, data, {"BREAKER__FAILURES": "3", "RETRY__CAP": "10m"}) as on,
        ):
            a_bad_day(on)
            for name, dark in (("light", False), ("dark", True)):
                with logged_in(running, on.flower.url, dark=dark) as page:
                    _desk(page, on, directory, name)
            _phone(running, on, directory)


def _desk(page: Page, on: Stage, directory: Path, name: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1120})
    page.goto("/overview")
    page.screenshot(path=directory / f"overview-{name}.png")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/dead-letters")
    page.locator('tbody input[name="id"]').nth(3).check()
    page.locator('tbody input[name="id"]').nth(4).check()
    page.evaluate("scrollTo(0, 0)")  # ticking the lower one may have scrolled
    page.screenshot(path=directory / f"dead-letters-{name}.png")
    page.get_by_role("button", name="Replay…", exact=True).click()
    page.get_by_role("heading", name="Replay 2 dead letters?").wait_for()
    page.screenshot(path=directory / f"replay-{name}.png")
    (letter,) = (one for one in on.system.ledger.redis.zrange(on.system.ledger.key("dead"), 0, -1) if "UNKNOWN" in one)
    page.goto(f"/dead-letters/letter?id={letter}")
    page.screenshot(path=directory / f"letter-{name}.png")
    page.goto("/tasks")
    page.get_by_role("button", name="Dead letters").click()
    page.locator(".task-state-dead-letter").first.wait_for()
    page.screenshot(path=directory / f"tasks-{name}.png")
    page.goto("/broker")
    page.screenshot(path=directory / f"broker-{name}.png")


def _phone(running: Browser, on: Stage, directory: Path) -> None:
    for path in ("overview", "dead-letters"):
        with logged_in(running, on.flower.url, width=390, height=844) as page:
            page.goto(f"/{path}")
            page.screenshot(path=directory / f"{path}-phone.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else _IMAGES)
