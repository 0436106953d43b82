"""What is wrong with an event, as the tests ask for it."""

from __future__ import annotations

import pytest

from tasks.events import parse_event
from tasks.invalid_event import InvalidEvent
from tests.tasks.examples import event


def errors(**changes: object) -> dict[str, str]:
    """Path → complaint of an event with these changes."""
    return errors_of(event(**changes))


def errors_of(whole: object) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(whole)
    return {one.path: one.message for one in caught.value.errors}
