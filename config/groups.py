"""The small groups of settings, which have no rules between their fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from config.durations import Within
from config.secrecy import checked
from config.values import check_basic_auth, check_dsn


class Group(BaseModel):
    """Base of every group: frozen, no unknown field, and no value in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Ledger(Group):
    """How long settled redemptions are remembered, in seconds, and with them what was reported already; and the raw
    text of messages that nobody could parse, in which personal data may be hidden.
    """

    keep: Annotated[
        float, Within("1d", "3660d", "an order that comes again after that is reported twice", unit=True)
    ] = 400 * 86400.0
    keep_unreadable: Annotated[
        float, Within("1s", "400d", "personal data may be hidden in such a message", unit=True)
    ] = 30 * 86400.0


class Flower(Group):
    """Flower's port, `user:password` for its pages, and whether they are there to be looked at only."""

    port: Annotated[int, Field(ge=1, le=65535)] = 5555
    basic_auth: Annotated[SecretStr, checked(check_basic_auth)] | None = None
    read_only: bool = False


class Metrics(Group):
    """Where a worker tells Prometheus its figures; without a port, nowhere."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    address: Annotated[str, Field(min_length=1)] = "127.0.0.1"


class Alert(Group):
    """What an operator is paged for: times in seconds; 0 switches that page off."""

    no_success_after: Annotated[float, Within("10ms", "90d", "a page later than that helps nobody", off=True)] = (
        48 * 3600.0
    )
    waiting_longer_than: Annotated[float, Within("10ms", "90d", "a page later than that helps nobody", off=True)] = (
        3600.0
    )
    dead_letters: Annotated[int, Field(ge=0, le=10**6)] = 100
    at_most_every: Annotated[float, Within("10ms", "7d", "what happens between two pages is told no earlier")] = 900.0


class Web(Group):
    """The HTTP door: orders that each shop may send a second, averaged over ten seconds (0: no limit),
    and what Prometheus sends as its bearer token from elsewhere than this machine.
    """

    orders_per_second: Annotated[float, Field(ge=0, le=1e6)] = 100.0
    metrics_token: SecretStr | None = None


class Relay(Group):
    """The database of `redeem relay`, as SQLAlchemy's URL: `postgresql://user:password@host/database`."""

    dsn: Annotated[SecretStr, checked(check_dsn)] | None = None
