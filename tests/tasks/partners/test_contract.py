"""What every partner of the registry keeps. A third one needs an account in `examples` and gets all of this."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.accounts import AccountSettings
from tasks.errors import Incomplete
from tasks.partners import PARTNERS, PROVENANCES, SPECS
from tasks.partners.base import Answer, Partner, Request
from tests.tasks.examples import ADDRESS, KEY, account, redemption

pytestmark = pytest.mark.parametrize("partner", [pytest.param(partner, id=name) for name, partner in PARTNERS.items()])

CODE = "SECRET-CODE/1"


def request(partner: Partner[Any], **changes: Any) -> Request:  # noqa: ANN401 - any field of a redemption
    return partner.request(redemption(partner.name, **changes), account(partner.name))


def test_the_registry_knows_it_under_its_name(partner: Partner[Any]) -> None:
    assert PARTNERS[partner.name] is partner
    assert partner.name in PROVENANCES
    assert SPECS[partner.name].base_url == partner.base_url
    assert partner.base_url.startswith("https://")
    assert issubclass(SPECS[partner.name].account, AccountSettings)


def test_a_complete_redemption_is_one_request(partner: Partner[Any]) -> None:
    whole = redemption(partner.name)
    partner.require(whole, account(partner.name))
    sent = request(partner)
    assert sent.method in {"GET", "POST"}
    assert sent.target.startswith("/")
    assert sent.target.isascii()
    assert sent.target.isprintable()
    assert " " not in sent.target
    assert sent == request(partner), "the same redemption is the same request, however often"


def test_a_request_does_not_show_what_it_holds(partner: Partner[Any]) -> None:
    sent = request(partner, code=CODE, order_id="145789", customer_id=ADDRESS)
    for text in (repr(sent), str(sent), f"{sent}"):
        for secret in (KEY, "K3y", "SECRET", "145789", "jane", "219.99", "redeem/"):
            assert secret not in text


def test_an_answer_does_not_show_its_body(partner: Partner[Any]) -> None:
    del partner
    assert "jane" not in repr(Answer(200, ADDRESS.encode()))


def test_its_settings_do_not_show_a_secret(partner: Partner[Any]) -> None:
    assert KEY not in repr(account(partner.name))
    assert KEY not in partner.fingerprint(account(partner.name), partner.base_url)


def test_the_fingerprint_follows_every_setting(partner: Partner[Any]) -> None:
    mine = account(partner.name)
    others = [partner.fingerprint(mine, "https://elsewhere.example")]
    for name, value in mine:
        if isinstance(value, bool):
            others.append(partner.fingerprint(account(partner.name, **{name: not value}), partner.base_url))
    same = partner.fingerprint(account(partner.name), partner.base_url)
    assert same == partner.fingerprint(mine, partner.base_url)
    assert same not in others
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("value", ["0.00", "0.10", "219.99", "999999999999.99"])
def test_a_value_goes_out_with_two_decimals(partner: Partner[Any], value: str) -> None:
    sent = request(partner, order_value=Decimal(value))
    assert f"{value}".encode() in (sent.body or b"") + sent.target.encode()


@given(code=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128))
def test_any_code_can_be_written(partner: Partner[Any], code: str) -> None:
    whole = redemption(partner.name, code=code)
    try:
        partner.require(whole, account(partner.name))
    except Incomplete:
        return
    sent = partner.request(whole, account(partner.name))
    assert sent.target.isascii()


def test_what_is_missing_is_named(partner: Partner[Any]) -> None:
    strict = {name: True for name in type(account(partner.name)).model_fields if name.startswith("require_")}
    bare = redemption(partner.name, order_value=None, currency=None, email_hash=None, validation_key=None)
    with pytest.raises(Incomplete, match=" is missing") as caught:
        partner.require(bare, account(partner.name, **strict))
    assert caught.value.reason == "incomplete"


def test_an_operator_is_told_what_silence_may_mean(partner: Partner[Any]) -> None:
    assert "outage" in partner.never_answered
