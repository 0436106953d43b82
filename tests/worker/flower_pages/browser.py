"""Debian's Chromium under Playwright, as operators have it but without a screen."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.tools import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFFLINE: Final = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
expect.set_options(timeout=20_000)  # ms; what is waited for comes, however slow the machine
LOGIN: Final = ("ann", "fl0wer-pw")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """One for several tests, which are skipped where there is none."""
    path = tool("chromium", package="chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(_OFFLINE))
        yield launched
        launched.close()


@contextlib.contextmanager
def logged_in(
    running: Browser, url: str, *, dark: bool = False, width: int = 1280, height: int = 900
) -> Iterator[Page]:
    """A window of its own, whose page complains of nothing: no error, and nothing that the policy had to block."""
    context = running.new_context(
        base_url=url,
        http_credentials={"username": LOGIN[0], "password": LOGIN[1]},
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": height},
        locale="en-GB",
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        assert complaints == []
    finally:
        context.close()
