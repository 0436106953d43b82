from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tasks.signatures import BadSignature, hmac_sha256_base64, hmac_sha256_hex, standard_webhooks
from tests.tools import tool

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"order_id": "145789", "note": "für"}'.encode()
Check = Callable[[bytes, str, Sequence[str]], bool]
NOW = datetime.now(UTC).replace(microsecond=0)


def signed(body: bytes = BODY, *, secret: str = SECRET, at: datetime = NOW, name: str = "msg_1") -> dict[str, str]:
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body.decode()),
    }


def refusal(headers: dict[str, str], body: bytes = BODY, *secrets: str) -> str:
    with pytest.raises(BadSignature) as caught:
        standard_webhooks(headers, body, secrets or (SECRET,), now=NOW)
    return str(caught.value)


def test_takes_what_the_reference_library_signs() -> None:
    standard_webhooks(signed(), BODY, [SECRET], now=NOW)
    standard_webhooks({name.title(): value for name, value in signed().items()}, BODY, [SECRET], now=NOW)


def test_takes_the_example_of_the_specification_s_libraries() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    standard_webhooks(headers, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now=now)


@given(body=st.text().map(str.encode), key=st.binary(min_size=24, max_size=64))
def test_takes_any_body_and_key_that_the_reference_library_signs(body: bytes, key: bytes) -> None:
    encoded = base64.b64encode(key).decode()
    headers = signed(body, secret=encoded)
    standard_webhooks(headers, body, [f"whsec_{encoded}"], now=NOW)
    standard_webhooks(headers, body, [encoded], now=NOW)


def test_a_secret_may_be_plain_text() -> None:
    headers = signed(secret=base64.b64encode(b"a plain secret").decode())
    standard_webhooks(headers, BODY, ["a plain secret"], now=NOW)


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_====", "whsec_no base64"])
def test_a_secret_that_holds_nothing_is_no_key_that_anyone_could_sign_with(secret: str) -> None:
    content = b".".join((b"msg_1", signed()["webhook-timestamp"].encode(), BODY))
    empty = base64.b64encode(hmac.new(b"", content, hashlib.sha256).digest()).decode()
    headers = signed() | {"webhook-signature": f"v1,{empty}"}
    assert "no v1 signature" in refusal(headers, BODY, secret)


def test_while_a_secret_is_changed_either_of_two_is_right() -> None:
    for one, other in ((SECRET, OTHER), (OTHER, SECRET)):
        standard_webhooks(signed(secret=one), BODY, [other, one], now=NOW)
        both = f"{signed(secret=other)['webhook-signature']} {signed(secret=one)['webhook-signature']}"
        standard_webhooks(signed() | {"webhook-signature": both}, BODY, [one], now=NOW)


def test_other_versions_are_skipped() -> None:
    right = signed()["webhook-signature"]
    standard_webhooks(signed() | {"webhook-signature": f"v1a,AAAA v2 {right}"}, BODY, [SECRET], now=NOW)
    for version in ("v1a", "v2", "V1", ""):
        assert "no v1 signature" in refusal(signed() | {"webhook-signature": right.replace("v1", version, 1)})


@pytest.mark.parametrize("secrets", [(OTHER,), ()])
def test_a_stranger_s_signature_is_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(BadSignature, match="no v1 signature"):
        standard_webhooks(signed(), BODY, secrets, now=NOW)


@pytest.mark.parametrize("seconds", [-300, -299, 299, 300])
def test_five_minutes_either_way_are_fine(seconds: int) -> None:
    standard_webhooks(signed(at=NOW + timedelta(seconds=seconds)), BODY, [SECRET], now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86400, 86400])
def test_more_is_not(seconds: int) -> None:
    assert "five minutes" in refusal(signed(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_lacks_a_header_says_so(name: str) -> None:
    assert refusal(signed() | {name: " "}) == f"no {name} header"
    assert refusal({key: value for key, value in signed().items() if key != name}) == f"no {name} header"


@pytest.mark.parametrize("time", ["now", "1e9", "-5", "1674087231.5", "٣", "9" * 13])
def test_the_time_is_whole_seconds(time: str) -> None:
    assert "whole seconds" in refusal(signed() | {"webhook-timestamp": time})


def test_the_seam_between_id_time_and_body_cannot_be_moved() -> None:
    # "msg_1", "<then>" and "<now>.{}" as body are signed as the same bytes as "msg_1.<then>", "<now>" and "{}".
    then, now = NOW - timedelta(days=30), str(int(NOW.timestamp()))
    headers = signed(f"{now}.{{}}".encode(), at=then)
    moved = headers | {"webhook-id": f"msg_1.{headers['webhook-timestamp']}", "webhook-timestamp": now}
    assert "dot" in refusal(moved, b"{}")


def flipped(content: bytes, bit: int) -> bytes:
    place = bit % (len(content) * 8)
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


@given(bit=st.integers(min_value=0, max_value=10_000), part=st.sampled_from(["body", "id", "timestamp", "signature"]))
@example(bit=46 * 8 + 1, part="signature")  # the padding's last bits, which a lenient decoder ignores
def test_one_flipped_bit_anywhere_is_refused(bit: int, part: str) -> None:
    headers = signed()
    if part == "body":
        refusal(headers, flipped(BODY, bit))
        return
    name = f"webhook-{part}"
    changed = flipped(headers[name].encode(), bit).decode("latin-1")
    refusal(headers | {name: changed})


def openssl(body: bytes, key: bytes, form: str) -> str:
    command = [
        tool("openssl", package="openssl"),
        "dgst",
        "-sha256",
        form,
        "-mac",
        "HMAC",
        "-macopt",
        f"hexkey:{key.hex()}",
    ]
    made = subprocess.run(command, input=body, capture_output=True, check=True, timeout=30).stdout
    return base64.b64encode(made).decode() if form == "-binary" else made.decode().split()[0]


@pytest.mark.parametrize("secret", ["s3cret", "a secret with spaces, and ümläuts", "whsec_as+it/is=="])
@pytest.mark.parametrize("body", [b"", BODY, bytes(range(256))])
def test_shop_systems_signatures_are_those_of_openssl(secret: str, body: bytes) -> None:
    hexadecimal, encoded = (openssl(body, secret.encode(), form) for form in ("-r", "-binary"))
    assert hmac_sha256_base64(body, encoded, ["another", secret])
    assert hmac_sha256_hex(body, hexadecimal, [secret, "another"])
    assert hmac_sha256_hex(body, hexadecimal.upper(), [secret])
    assert not hmac_sha256_base64(body, hexadecimal, [secret])
    assert not hmac_sha256_hex(body, encoded, [secret])
    assert not hmac_sha256_base64(body, encoded, ["another"])
    assert not hmac_sha256_hex(body, hexadecimal, ["another"])


@pytest.mark.parametrize("check", [hmac_sha256_base64, hmac_sha256_hex])
def test_nothing_and_nonsense_are_no_signatures(check: Check) -> None:
    for nonsense in ("", "=", "\ud800", "é" * 44, "0" * 64):
        assert not check(BODY, nonsense, ["s3cret"])


def test_without_a_secret_nothing_is_signed() -> None:
    digest = hmac.new(b"", BODY, hashlib.sha256)
    for secrets in ([""], []):
        assert not hmac_sha256_base64(BODY, base64.b64encode(digest.digest()).decode(), secrets)
        assert not hmac_sha256_hex(BODY, digest.hexdigest(), secrets)


@given(bit=st.integers(min_value=0, max_value=10_000))
@example(bit=43 * 8 - 8)  # the last bits before the padding, which a lenient decoder ignores
def test_one_flipped_bit_is_refused_of_shop_systems_too(bit: int) -> None:
    digest = hmac.new(b"s3cret", BODY, hashlib.sha256)
    encoded = base64.b64encode(digest.digest())
    assert not hmac_sha256_base64(flipped(BODY, bit), encoded.decode(), ["s3cret"])
    assert not hmac_sha256_hex(flipped(BODY, bit), digest.hexdigest(), ["s3cret"])
    assert not hmac_sha256_base64(BODY, flipped(encoded, bit).decode("latin-1"), ["s3cret"])
