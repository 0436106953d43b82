"""`FIELD=VALUE`, as a person sets right what an event should have said."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.dead_letters.amendment import InvalidAmendment
from tasks.dead_letters.amendment_text import parse_amendment
from tests.tasks.examples import ADDRESS, event


def amended(*texts: str, **changes: object) -> dict[str, Any]:
    return parse_amendment(texts).apply(event(**changes))


@pytest.mark.parametrize(
    ("texts", "changed"),
    [
        (["order_value=12.00"], {"order_value": "12.00"}),
        (["$.order_value=12.00"], {"order_value": "12.00"}),
        (["currency="], {"currency": ...}),
        (["code=X1"], {"coupons": [{"code": "X1"}]}),
        (["coupons[0].code=X=1"], {"coupons": [{"code": "X=1"}]}),
        (["$.coupons[1].code=X1"], {"coupons": [{"code": "AB12E3GH"}, {"code": "X1"}]}),
        (["partner=sovendus"], {"coupons": [{"code": "AB12E3GH", "provenance": "sovendus"}]}),
        (["validation_key=f4", "discount=1"],
         {"coupons": [{"code": "AB12E3GH", "validation_key": "f4", "discount": "1"}]}),
        (["discount="], {}),
        (["coupons[0]="], {"coupons": []}),
        (['coupons=[{"code": "X1"}]'], {"coupons": [{"code": "X1"}]}),
        (['coupons[0]={"code": "X1"}'], {"coupons": [{"code": "X1"}]}),
        (['params=["a", ""]'], {"params": ["a", ""]}),
        (["params[0]=a"], {"params": ["a"]}),
        (["test=true"], {"test": True}),
        (["gross_value=12", "tax=1", "shipping=1"],
         {"gross_value": "12", "tax": "1", "shipping": "1", "order_value": ...}),
    ],
)  # fmt: skip
def test_sets_and_takes_out(texts: list[str], changed: dict[str, object]) -> None:
    assert amended(*texts) == event(**changed)


def test_the_event_itself_stays_as_it_is() -> None:
    before = event()
    parse_amendment(["code=X1", "shop=de"]).apply(before)
    assert before == event()


def test_an_unknown_field_can_only_go() -> None:
    whole = event() | {"note": "x", "order_id (2)": "7"}
    assert parse_amendment(["note=", "$['order_id (2)']="]).apply(whole) == event()
    with pytest.raises(InvalidAmendment, match="note: no field of an event"):
        parse_amendment(["note=y"])


def test_what_one_field_stands_in_place_of_is_gone() -> None:
    parts: dict[str, object] = {"order_value": ..., "gross_value": "3", "tax": "1", "shipping": "1"}
    assert amended("order_value=1", **parts) == event(order_value="1")
    assert amended(f"email={ADDRESS}", email_hash="0" * 32) == event(email=ADDRESS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("order_value", "order_value: must be FIELD=VALUE"),
        ("=1", "must be FIELD=VALUE"),
        ("ordervalue=1", "did you mean order_value?"),
        ("coupons[0].cod=1", "did you mean code?"),
        ("coupons.code=1", "no field of an event"),
        ("shop[0]=1", "no field of an event"),
        ("zzz=1", "it has code, completed_at, "),
        ("params=a", "params: must be JSON"),
        ("test=yes", "test: must be JSON"),
        ("order_value=12,50", r"\$.order_value: must be a decimal string with a dot"),
        ("order_value=-1", r"\$.order_value: must not be negative"),
        ("currency=gbp", r"\$.currency: must be an ISO 4217 code"),
        ("completed_at=yesterday", r"\$.completed_at: must be an ISO 8601 time"),
        ("completed_at=2026-11-21T20:15:00", "needs a time zone"),
        ("partner=nobody", r"\$.coupons\[0\].provenance: must be one of"),
        ("coupons[3].discount=x", r"\$.coupons\[3\].discount: must be a decimal"),
        ("email=jane", r"\$.email: must be an e-mail address"),
        ("test=1", r"\$.test"),
    ],
)
def test_what_no_event_could_have_is_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(InvalidAmendment, match=why) as caught:
        parse_amendment([text])
    assert "12,50" not in str(caught.value)


def test_which_coupon_must_be_said_where_there_are_several() -> None:
    with pytest.raises(InvalidAmendment, match=r"it has 2 coupons; say which: coupons\[0\].code=…"):
        amended("code=X1", coupons=[{"code": "A"}, {"code": "B"}])


def test_a_place_that_is_not_there() -> None:
    with pytest.raises(InvalidAmendment, match=r"coupons\[7\]: it has only 1 coupons"):
        amended("coupons[7]=")


@pytest.mark.parametrize("coupons", ["SKD1", ["SKD1"]])
def test_no_field_can_be_set_in_what_is_no_coupon(coupons: object) -> None:
    with pytest.raises(InvalidAmendment, match="set all of"):
        amended("code=X1", coupons=coupons)
    assert amended('coupons=[{"code": "X1"}]', coupons=coupons) == event(coupons=[{"code": "X1"}])


def test_histories_tell_no_personal_value() -> None:
    given = parse_amendment([f"email={ADDRESS}", "customer_id=7", "validation_key=f4", "order_value=1", "source="])
    assert given.told() == {
        "email": "…", "customer_id": "…", "validation_key": "…", "order_value": "1", "source": None,
    }  # fmt: skip
    assert given.one_orders_own == ["email", "customer_id", "validation_key"]
