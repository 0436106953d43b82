"""A page goes out: one line in the log, and a message to Sentry where that is set up. Neither waits for anybody."""

from __future__ import annotations

import structlog

from config.sentry import PAGES, capture_page
from tasks.paging.page import Page

log = structlog.get_logger(PAGES)


def tell(page: Page) -> None:
    """Log it as `page.<name>` at its level, and hand it to Sentry under its fingerprint."""
    said = {**page.tags, **page.extra, "text": page.text, "press": page.press}
    getattr(log, page.level)(f"page.{page.name}", **said)
    extra = {**page.extra, "press": page.press}
    capture_page(
        page.text, level=page.level, fingerprint=page.fingerprint, tags={"alarm": page.name, **page.tags}, extra=extra
    )
