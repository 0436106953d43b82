from __future__ import annotations

import pytest

from tasks import errors
from tasks.dead_letters.advice import REASONS, advise
from tasks.invalid_event import InvalidEvent
from tasks.messages.bad_message import BadMessage


def test_there_is_advice_for_every_reason() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    permanent = {kind.reason for kind in kinds if issubclass(kind, errors.PermanentError)}
    bad = {kind.reason for kind in BadMessage.__subclasses__()}
    assert permanent | bad | {InvalidEvent.reason} == set(REASONS)
    assert all(advise(reason) for reason in REASONS)
    assert advise(None) is None


@pytest.mark.parametrize(
    ("reason", "text", "command"),
    [
        ("incomplete", "order_value is missing: Uniqodo needs it", "--set order_value=… --set currency=…"),
        ("incomplete", "email_hash is missing: the shop's settings require it", "--set email_hash=…"),
        ("incomplete", "traffic_medium_public_id is missing: the shop's settings", "--set FIELD=VALUE"),
        ("invalid_event", "$.order_value: required; $.coupons[0].code: required",
         "--set order_value=… --set coupons[0].code=…"),
        ("invalid_event", "$: must be a JSON object", "--set FIELD=VALUE"),
    ],
)  # fmt: skip
def test_the_command_names_the_fields_that_the_text_names(reason: str, text: str, command: str) -> None:
    advice = advise(reason, "uniqodo", None, text)
    assert advice is not None
    assert advice.command == f"redeem dead replay ID {command}"


def test_a_partners_code_has_advice_of_its_own() -> None:
    unknown_code, any_other = advise("rejected", "uniqodo", "204"), advise("rejected", "uniqodo", "209")
    assert unknown_code is not None
    assert any_other is not None
    assert "does not know this code" in unknown_code.text
    assert unknown_code.text != any_other.text
    refused = advise("gave_up", "uniqodo", "101")
    assert refused is not None
    assert "API_KEY" in refused.text
