"""The small groups of settings, which have no rules between their fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from config.durations import PositiveDuration
from config.secrecy import checked
from config.values import check_basic_auth


class Group(BaseModel):
    """Base of every group: frozen, no unknown field, and no value in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Ledger(Group):
    """How long settled redemptions are remembered, in seconds, and with them what was reported already."""

    keep: PositiveDuration = 400 * 86400.0


class Flower(Group):
    """Flower's port, `user:password` for its pages, and whether they are there to be looked at only."""

    port: Annotated[int, Field(ge=1, le=65535)] = 5555
    basic_auth: Annotated[SecretStr, checked(check_basic_auth)] | None = None
    read_only: bool = False
