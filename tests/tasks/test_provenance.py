"""Whose a code is: the contract's order, rung by rung."""

from __future__ import annotations

import json

import pytest

from config.shops import Shop
from tasks.errors import MasterCode, Unroutable
from tasks.provenance import is_nobody, issuer
from tests.tasks.examples import settings


def shop(name: str = "uk", **variables: str) -> Shop:
    return settings(**{f"SHOPS__{name.upper()}__{field}": value for field, value in variables.items()}).shops[name]


def rules(*pairs: tuple[str, str]) -> str:
    return json.dumps([{"pattern": pattern, "partner": partner} for pattern, partner in pairs])


EVERYTHING = {"MASTER_CODES": "WELCOME10,summer", "RULES": rules(("SKD*", "sovendus"), ("UNI-*", "uniqodo"))}


@pytest.mark.parametrize("code", ["WELCOME10", "welcome10", " Welcome10 ", "SUMMER", "Summer"])
@pytest.mark.parametrize("said", ["sovendus", "uniqodo", "none", None])
@pytest.mark.parametrize("key", ["f458", None])
def test_a_master_code_is_one_whatever_else_is_said(code: str, said: str | None, key: str | None) -> None:
    with pytest.raises(MasterCode):
        issuer(code, said, key, shop(**EVERYTHING))


@pytest.mark.parametrize("said", ["sovendus", "uniqodo", "none"])
def test_then_the_coupons_own_word(said: str) -> None:
    assert issuer("SKD1", said, "f458", shop(**EVERYTHING)) == said


def test_then_a_validation_key() -> None:
    assert issuer("SKD1", None, "f458", shop(**EVERYTHING)) == "uniqodo"


def test_then_the_rules_in_their_order() -> None:
    ordered = shop(RULES=rules(("SKD9*", "none"), ("SKD*", "sovendus"), ("*", "uniqodo")), DEFAULT_PARTNER="sovendus")
    assert issuer("SKD1", None, None, ordered) == "sovendus"
    assert issuer("SKD91", None, None, ordered) == "none"
    assert issuer("AB12", None, None, ordered) == "uniqodo"


@pytest.mark.parametrize("default", ["uniqodo", "sovendus", "none"])
def test_then_the_shops_default(default: str) -> None:
    assert issuer("AB12", None, None, shop(**EVERYTHING, DEFAULT_PARTNER=default)) == default


def test_then_sovendus_where_the_shop_has_it() -> None:
    assert issuer("AB12", None, None, shop(**EVERYTHING)) == "sovendus"


def test_else_nothing_decides() -> None:
    only_uniqodo = shop("fr", UNIQODO__API_KEY="key1", UNIQODO__MERCHANT_ID="1")
    with pytest.raises(Unroutable, match="nothing says who issued the code"):
        issuer("AB12", None, None, only_uniqodo)
    assert issuer("AB12", None, "f458", only_uniqodo) == "uniqodo"


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("SKD*", "SKDX"),
        ("skd*", "SKDX"),
        ("SKD*", "skdx"),
        ("sKd*", " SkDx "),
        ("SKD????", "SKD1234"),
        ("[a-c]*", "B1"),
        ("[!a-c]*", "d1"),
        ("*-uk", "1-UK"),
        ("größe*", "GRÖSSE1"),
    ],
)
def test_a_glob_matches_in_any_case(pattern: str, code: str) -> None:
    assert issuer(code, None, None, shop(RULES=rules((pattern, "uniqodo")))) == "uniqodo"


@pytest.mark.parametrize(
    ("pattern", "code"), [("SKD", "SKD1"), ("SKD????", "SKD123"), ("[!a-c]*", "B1"), ("A.C", "ABC"), ("SKD*", "XSKD")]
)
def test_a_glob_matches_the_whole_code(pattern: str, code: str) -> None:
    assert issuer(code, None, None, shop(RULES=rules((pattern, "uniqodo")))) == "sovendus"


def test_none_is_nobody() -> None:
    assert is_nobody("none")
    assert not is_nobody("sovendus")
