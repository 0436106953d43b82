"""Times, texts, addresses, coupons: each kind of field of an event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.events import parse_event
from tests.tasks.complaints import errors, errors_of
from tests.tasks.examples import event


@pytest.mark.parametrize(
    "written",
    ["2026-11-21T20:15:00Z", "2026-11-21T21:15:00+01:00", "2026-11-21T20:15:00.000+00:00", "20261121T201500Z",
     " 2026-11-21 20:15Z "],
)  # fmt: skip
def test_a_time_is_iso_8601(written: str) -> None:
    assert parse_event(event(completed_at=written)).completed_at == datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize("naive", ["2026-11-21T20:15:00", "2026-11-21", "2026-11-21 20:15"])
def test_a_time_without_its_zone_is_refused(naive: str) -> None:
    assert errors(completed_at=naive) == {"$.completed_at": 'needs a time zone: "Z" or an offset such as "+01:00"'}


@pytest.mark.parametrize(
    "no_time",
    ["yesterday", "", "21.11.2026", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", 1795291200, 1.5, True, [], "\ud800",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused(no_time: object) -> None:
    [(path, message)] = errors(completed_at=no_time).items()
    assert path == "$.completed_at"
    assert message.startswith("must be an ISO 8601 ")


@pytest.mark.parametrize(("field", "longest"), [("order_id", 128), ("shop", 64), ("customer_id", 128), ("source", 64)])
def test_texts_have_a_length(field: str, longest: int) -> None:
    assert getattr(parse_event(event(**{field: f" {'a' * longest} "})), field) == "a" * longest
    for wrong in ("", "   ", "a" * (longest + 1)):
        assert list(errors(**{field: wrong})) == [f"$.{field}"]


def test_coupons_have_limits() -> None:
    assert len(parse_event(event(coupons=[{"code": "A" * 128}] * 50)).coupons or ()) == 50
    assert list(errors(coupons=[{"code": "A"}] * 51)) == ["$.coupons"]
    assert list(errors(coupons=[{"code": "A" * 129}])) == ["$.coupons[0].code"]
    assert list(errors(coupons=[{"code": " "}])) == ["$.coupons[0].code"]
    assert list(errors(coupons=[{"code": "A", "validation_key": "k" * 257}])) == ["$.coupons[0].validation_key"]


def test_params_have_limits() -> None:
    assert parse_event(event(params=["x" * 256] * 20)).params
    assert list(errors(params=["x"] * 21)) == ["$.params"]
    assert list(errors(params=["", "x" * 257])) == ["$.params[1]"]
    assert list(errors(params=["x", None])) == ["$.params[1]"]
    assert list(errors(params="x")) == ["$.params"]


@pytest.mark.parametrize("field", ["order_id", "shop", "customer_id", "source"])
@pytest.mark.parametrize("control", ["\n", "\t", "\x00", "\x1b", "\x7f", "\x9b", "\r"])
def test_control_characters_are_refused(field: str, control: str) -> None:
    assert errors(**{field: f"a{control}b"}) == {f"$.{field}": "must not hold control characters"}


def test_control_characters_are_refused_within_lists() -> None:
    assert errors(params=["ok", "a\x1bb"]) == {"$.params[1]": "must not hold control characters"}
    assert errors(coupons=[{"code": "A\nB"}]) == {"$.coupons[0].code": "must not hold control characters"}


@pytest.mark.parametrize("field", ["order_id", "shop", "email", "email_hash", "customer_id", "source"])
def test_half_a_surrogate_pair_is_no_text(field: str) -> None:
    assert list(errors(**{field: "\ud83d@x"})) == [f"$.{field}"]


def test_a_name_that_is_no_text_is_refused() -> None:
    assert list(errors_of({"order_id": "1", "\ud83d": 1})) == ["$"]
    assert list(errors(coupons=[{"code": "A", "\ud83d": 1}])) == ["$.coupons[0]"]
    assert errors_of({"order_id": "1", 7: 1})


@pytest.mark.parametrize(
    "address", ["jane@example.com", " jane@example.com ", "müller@bücher.example", "a+b@c", "o'hara@example.com"]
)
def test_an_address(address: str) -> None:
    assert parse_event(event(email=address)).email == address.strip()


@pytest.mark.parametrize("address", ["", "jane", "@", "jane@", "@example.com", "a b@c", "a@b c", f"{'a' * 320}@b"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert list(errors(email=address)) == ["$.email"]


@pytest.mark.parametrize("wrong", ["", "1d94", "g" * 32, "1d94e91aafaebd74135e7b9195045bf5a", "jane@example.com"])
def test_a_hash_is_32_hexadecimal_digits(wrong: str) -> None:
    assert errors(email_hash=wrong) == {"$.email_hash": "must be an MD5 hash: 32 hexadecimal digits"}


@pytest.mark.parametrize("who", ["sovendus", "uniqodo", "none"])
def test_provenance_is_a_partner_or_none(who: str) -> None:
    parsed = parse_event(event(coupons=[{"code": "A", "provenance": who}]))
    assert [one.provenance for one in parsed.coupons or ()] == [who]


@pytest.mark.parametrize("who", ["Sovendus", "groupon", "", 7, "\ud800"])
def test_any_other_provenance_is_refused(who: object) -> None:
    assert list(errors(coupons=[{"code": "A", "provenance": who}])) == ["$.coupons[0].provenance"]


@pytest.mark.parametrize("wrong", ["yes", 1, 0, "false"])
def test_test_is_a_boolean(wrong: object) -> None:
    assert list(errors(test=wrong)) == ["$.test"]


@pytest.mark.parametrize("wrong", [145789, 1.5, True, [], {}])
def test_texts_are_texts(wrong: object) -> None:
    for field in ("order_id", "shop", "customer_id", "source", "email", "email_hash"):
        assert list(errors(**{field: wrong})) == [f"$.{field}"]


@pytest.mark.parametrize("wrong", [{}, "AB12", {"code": "A"}, 7])
def test_coupons_are_a_list(wrong: object) -> None:
    assert list(errors(coupons=wrong)) == ["$.coupons"]


def test_a_coupon_is_an_object() -> None:
    assert errors(coupons=["AB12", {"code": "A"}, None]) == {
        "$.coupons[0]": "must be a JSON object",
        "$.coupons[2]": "must be a JSON object",
    }


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("order_id", 145789, "must be a string, in quotes"),
        ("order_id", " ", "must not be empty"),
        ("order_id", "x" * 129, "may have 128 characters at the most"),
        ("coupons", {}, "must be an array"),
        ("params", ["x"] * 21, "may have 20 entries at the most"),
        ("test", "yes", "must be true or false, without quotes"),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_json(field: str, value: object, told: str) -> None:
    assert errors(**{field: value}) == {f"$.{field}": told}
