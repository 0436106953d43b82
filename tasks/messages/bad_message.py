"""What makes a message none of ours to run: said in words, never in values, which may be personal data."""

from __future__ import annotations

from typing import ClassVar


class BadMessage(Exception):  # noqa: N818 - named by what happened, as the dead-letter reason is
    """A message that goes to the dead letters as it came, personal data aside."""

    reason: ClassVar[str]
    """The dead letter's reason, one of the contract's names."""


class UnreadableMessage(BadMessage):
    """No worker can make anything of it."""

    reason = "unreadable_message"


class UnknownTask(BadMessage):
    """A message in good order for a task that is none of ours."""

    reason = "unknown_task"
