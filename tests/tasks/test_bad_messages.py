"""A message that is not ours to run is kept, without personal data, whatever it is and however full Redis is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tasks.dead_letters.finding import Filters, discard, find_dead
from tasks.errors import Crashed
from tasks.ledger import Record, State
from tasks.messages.bad_message import BadMessage, UnreadableMessage
from tasks.messages.burying import bury_message, what_came
from tasks.orders import hash_email
from tests.acceptance.kit.broker_faults import memory_full
from tests.tasks.examples import ADDRESS, event, settings
from tests.tasks.garbage import envelope, garbage, good_with_tag
from tests.tasks.test_envelope import read
from worker.composition import RedeemApp, create_app
from worker.dev.broker import EmbeddedValkey

CHANGED = ("pickle", "twice", "half a surrogate", "nested too deeply")
"""Without an address in clear, and yet not kept byte for byte."""
DEFECT = UnreadableMessage("not as it should be")


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    made = create_app(settings(BROKER_URL=broker_url))
    yield made
    made.runtime.ledger.redis.close()
    made.close()


def buried(app: RedeemApp, raw: bytes, *, token: str | None = None) -> Record:
    found = app.runtime.ledger.find(bury_message(app.runtime, raw, "orders", DEFECT, token=token))
    assert found is not None
    return found


def came(app: RedeemApp, raw: bytes) -> bytes:
    return what_came(app.runtime.ledger, buried(app, raw))


@pytest.mark.parametrize("queue", ["orders", "sovendus"])
def test_all_garbage_is_kept_under_its_reason_and_lists_do_not_fetch_it(app: RedeemApp, queue: str) -> None:
    letters: dict[str, tuple[bytes, str]] = {}
    whole: set[str] = set()
    for name, (raw, reason) in garbage(queue).items():
        if reason != "invalid_event":
            with pytest.raises(BadMessage) as caught:
                read(raw, queue)
            letter = bury_message(app.runtime, raw, queue, caught.value)
            letters[letter] = raw, reason
            if b"jane" not in raw and not any(word in name for word in CHANGED):
                whole.add(letter)

    found = list(find_dead(app.runtime.ledger, Filters()))
    assert {one.id: one.reason for one in found} == {one: reason for one, (_, reason) in letters.items()}
    for one in found:
        assert (one.is_redemption, one.fields["queue"]) == (False, queue)
        assert len(repr(one.fields)) < 1000
        raw, kept = letters[one.id][0], what_came(app.runtime.ledger, one)
        assert int(one.fields["raw_bytes"]) == len(kept)
        assert b"jane" not in kept
        assert kept == raw or one.id not in whole
    assert len(whole) > len(letters) * 0.8


def test_what_is_kept_of_an_order_still_says_what_to_report(app: RedeemApp) -> None:
    message = envelope("orders", body=json.dumps([[event(email=ADDRESS, customer_id="7")], {}, {}]))
    message["headers"] |= {"argsrepr": "[{'customer_id': '7'}]", "shadow": "order of Jane", "origin": "gen1@web.shop"}
    letter = buried(app, json.dumps(message).encode())
    assert (letter.order_id, letter.shop) == ("145789", "uk")
    kept = json.loads(what_came(app.runtime.ledger, letter))
    [[masked], _, _] = json.loads(kept["body"])
    assert masked == event(email_hash=hash_email(ADDRESS), customer_id="[masked]")
    assert kept["headers"] == message["headers"] | {"argsrepr": "[masked]", "shadow": "[masked]"}


@pytest.mark.parametrize(
    "raw",
    [
        f"order of {ADDRESS} arrived".encode(),
        f'{{"email":"{ADDRESS}","order_id'.encode(),
        f"<email>{ADDRESS}</email><id>145789</id>".encode(),
        b"145789 jane.doe\\u0040example.com",
        b"145789 jane.doe%40example.com",
    ],
)
def test_text_that_is_no_json_loses_the_address_and_nothing_else(app: RedeemApp, raw: bytes) -> None:
    kept = came(app, raw).decode()
    assert "jane" not in kept
    assert "[masked]" in kept
    assert "order" in kept or "145789" in kept


def test_an_address_under_a_key_that_stands_twice_goes_too(app: RedeemApp) -> None:
    raw = f'{{"order_id": "1", "email": "{ADDRESS}", "email": null, "source": "{ADDRESS}", "source": "x"}}'
    assert b"jane" not in came(app, raw.encode())


def test_what_is_no_text_is_kept_byte_for_byte(app: RedeemApp) -> None:
    raw = bytes(range(256)) * 3
    assert came(app, raw) == raw


def test_burying_twice_under_a_token_makes_one_letter(app: RedeemApp, redis: Redis) -> None:
    first, again = buried(app, b"x", token="t1"), buried(app, b"x", token="t1")
    assert first == again
    assert buried(app, b"x", token="t2").id != first.id
    assert buried(app, b"x").id != buried(app, b"x").id
    discard(app.runtime, first)
    assert buried(app, b"x", token="t1").state is State.DISCARDED
    assert len(list(find_dead(app.runtime.ledger, Filters()))) == 3
    assert not redis.exists(f"redeem:raw:{first.id}")


@pytest.mark.usefixtures("redis")
def test_it_works_when_redis_is_full(app: RedeemApp, valkey: EmbeddedValkey) -> None:
    with memory_full(valkey):
        letter = buried(app, good_with_tag(event(), "1"))
        discard(app.runtime, buried(app, b"noise"))
    assert what_came(app.runtime.ledger, letter)


def test_what_could_not_be_kept_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmbeddedValkey(tmp_path_factory.mktemp("gone")) as server:
        gone = create_app(settings(BROKER_URL=server.url))
    with pytest.raises(RedisError):
        bury_message(gone.runtime, b"x", "orders", DEFECT)
    gone.close()


def test_an_order_that_killed_its_workers_is_kept_as_crashed(app: RedeemApp) -> None:
    raw = good_with_tag(event(email=ADDRESS), "1")
    error = Crashed("the workers that had it in hand died, three times")
    letter: Any = app.runtime.ledger.find(bury_message(app.runtime, raw, "orders", error))
    assert (letter.reason, letter.order_id) == ("crashed", "145789")
    assert letter.fields["error_message"] == str(error)
