"""The filters that commands share: --partner --shop --reason --since --until --order --code --error-code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click

from config.durations import parse_age
from tasks.dead_letters.finding import Filters
from worker.cli.names import PARTNER, REASON, SHOP


class Moment(click.ParamType[datetime]):
    """A time: ISO 8601 (UTC unless it says otherwise), or how long ago (`2h`, `3d`)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's own signature
        """Parse, or fail with a sentence that says what is expected."""
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_moment(text: str, now: datetime) -> datetime:
    """A time in ISO 8601 (UTC unless it says otherwise), or how long before `now` (`2h`, `3d`).

    Raises ValueError that says what is expected.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return now - timedelta(seconds=parse_age(text))
    except (ValueError, OverflowError) as error:
        why = f": {error}" if text.replace(".", "", 1).isdecimal() else ""
        raise ValueError(
            f"{text!r} is neither a time such as 2026-11-21T20:15 nor a while ago such as 2h or 3d{why}"
        ) from error


class Text(click.ParamType[str]):
    """A text without the space around it, as the ledger keeps order numbers and codes."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's own signature
        """Trim."""
        del param, ctx
        return str(value).strip()


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters' options; the command receives them as `filters`."""

    @click.option("--partner", type=PARTNER, help="Only this partner's.")
    @click.option("--shop", type=SHOP, help="Only this shop's.")
    @click.option("--reason", type=REASON, help="Only those dead for this reason.")
    @click.option("--since", type=Moment(), help="Dead since: a time (UTC), or a while ago (2h, 3d).")
    @click.option("--until", type=Moment(), help="Dead until: as --since; a day is meant as its first moment.")
    @click.option("--order", type=Text(), help="Only this order's.")
    @click.option("--code", type=Text(), help="Only this code, in any spelling.")
    @click.option("--error-code", type=Text(), help="Only those the partner refused with this number, such as 204.")
    @wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and gives
        names = ("partner", "shop", "reason", "since", "until", "order", "code", "error_code")
        filters = Filters(**{name: options.pop(name) for name in names})
        check_order(filters.since, filters.until)
        return command(*args, filters=filters, **options)

    return with_filters


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Refuse a time that ends before it begins: nothing could match, and the two were mixed up.

    Raises click.UsageError.
    """
    if since is not None and until is not None and until < since:
        raise click.UsageError(f"--until ({until:%Y-%m-%d %H:%M}) is before --since ({since:%Y-%m-%d %H:%M})")
