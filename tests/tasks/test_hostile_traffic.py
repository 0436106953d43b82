"""What strangers write does not stop the work: events that are kept, partner texts that are recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.dead_letters.finding import Filters, Refused, find_dead
from tasks.dead_letters.replaying import replay
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.ledger import Record
from tasks.messages.burying import bury_event
from tasks.orders import hash_email, parse_order
from tasks.outcomes import Buried, Settled
from tasks.redeeming import attempt
from tests.moments import NOW
from tests.tasks.examples import ADDRESS, KEY, event, order, settings
from tests.tasks.raw_servers import answer, serving
from worker.composition import RedeemApp, create_app


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    made = create_app(settings(BROKER_URL=broker_url))
    yield made
    made.runtime.ledger.redis.close()
    made.close()


def bury(app: RedeemApp, whole: object) -> Record:
    """As the task does with what is not valid."""
    with pytest.raises(InvalidEvent) as caught:
        parse_order(whole, now=NOW)
    found = app.runtime.ledger.find(bury_event(app.runtime, whole, caught.value))
    assert found is not None
    return found


def nested(depth: int) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    "whole",
    [
        event(order_id="\ud83d"),
        event(email="\ud83d@example.com"),
        event(shop="\ud83d", **{"\ud83d": "\ud83d"}),
        event(customer_id=ADDRESS, **{ADDRESS: ADDRESS}, order_value=1.5),
        event(email=[ADDRESS], note=f"from {ADDRESS}"),
        event(coupons=[{"code": ADDRESS, "who": ADDRESS}, ADDRESS]),
        event(params=nested(900)),
        event(order_value=float("inf")),
        {f"field{number}": number for number in range(5000)},
        [event(email=ADDRESS)],
        f"<order>{ADDRESS}</order>",
        None,
    ],
    ids=range(12),
)
def test_any_invalid_event_is_kept_without_personal_data(app: RedeemApp, redis: Redis, whole: object) -> None:
    letter = bury(app, whole)
    assert (letter.reason, letter.is_redemption) == ("invalid_event", False)
    assert [one.id for one in find_dead(app.runtime.ledger, Filters())] == [letter.id]
    stands = repr([redis.hgetall(f"redeem:redemption:{letter.id}"), redis.get(f"redeem:raw:{letter.id}")])
    assert "jane" not in stands
    assert "@" not in stands
    assert len(letter.fields["error_message"]) < 3000


def test_each_occurrence_has_an_id_of_its_own(app: RedeemApp) -> None:
    assert bury(app, None).id != bury(app, None).id


def kept(app: RedeemApp, whole: object) -> Record:
    """As a worker with stricter rules kept what is valid today."""
    found = app.runtime.ledger.find(bury_event(app.runtime, whole, InvalidEvent((FieldError("$", "too early"),))))
    assert found is not None
    return found


def test_what_is_valid_by_now_is_replayed(app: RedeemApp) -> None:
    with pytest.raises(Refused, match="still invalid"):
        replay(app, app.runtime, bury(app, event(order_id="")))
    assert replay(app, app.runtime, kept(app, event(email=ADDRESS))) == ["sovendus:uk:145789:AB12E3GH"]
    opened = app.runtime.ledger.find("sovendus:uk:145789:AB12E3GH")
    assert opened is not None
    assert opened.redemption().email_hash == hash_email(ADDRESS)


@pytest.mark.parametrize("personal", [{"customer_id": "7"}, {"coupons": [{"code": ADDRESS}]}, {"order_id": ADDRESS}])
def test_what_was_masked_is_never_sent(app: RedeemApp, personal: dict[str, object]) -> None:
    with pytest.raises(Refused, match="masked"):
        replay(app, app.runtime, kept(app, event(**personal)))


UNIQODO = {"code": "AB12", "provenance": "uniqodo", "validation_key": "f458"}


def attempted(broker_url: str, redis: Redis, envelope: dict[str, object]) -> tuple[object, str]:
    """What comes of a first attempt that is answered so, and all that Redis holds then."""
    body = json.dumps(envelope).encode()
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with serving(answer(response)) as partner:
        app = create_app(settings(BROKER_URL=broker_url, PARTNERS__UNIQODO__BASE_URL=partner.url))
        accept(app, app.runtime, order(coupons=[UNIQODO]))
        result = attempt(app.runtime, "uniqodo", "uniqodo:uk:145789:AB12")
        app.runtime.client("uniqodo").close()
        app.runtime.ledger.redis.close()
        app.close()
    found = [redis.hgetall(key) for key in redis.scan_iter("redeem:redemption:*")]
    return result, repr((found, redis.xrange("redeem:outcomes"), result))


@pytest.mark.parametrize("told", [KEY, "K3y%2Fwith%2Bodd%20%25chars", "K3y%2Fwith%2Bodd+%25chars", ADDRESS, "\ud83d"])
def test_a_partner_that_repeats_what_it_was_sent(broker_url: str, redis: Redis, told: str) -> None:
    error = {"code": 204, "message": f"Code not recognised for {told} !"}
    result, everything = attempted(broker_url, redis, {"result": "error", "data": None, "errors": [error]})
    assert isinstance(result, Buried)
    assert result.error.message.startswith("Uniqodo 204: code not recognised: Code not recognised for ")
    for trace in (told, KEY, "K3y", "jane"):
        assert trace not in everything


def test_a_yes_is_recorded_whatever_text_comes_with_it(broker_url: str, redis: Redis) -> None:
    data = {"id": f"\ud83d {KEY}", "redeemed_at": ADDRESS}
    result, everything = attempted(broker_url, redis, {"data": data, "errors": []})
    assert isinstance(result, Settled)
    assert "K3y" not in everything
    assert "jane" not in everything
