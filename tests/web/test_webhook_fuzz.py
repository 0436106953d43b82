"""Webhooks that are signed and make no sense: none is a mistake of ours, and nothing personal is kept of any."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from tasks.shop_systems import SYSTEMS
from tests.acceptance.kit.hunt import everything_in, found
from tests.tasks.shop_systems.deliveries import PERSONAL, plain
from tests.tasks.shop_systems.test_hostile_payloads import places
from tests.web.test_webhooks import WHOLE, deliver

if TYPE_CHECKING:
    from tests.web.conftest import Served

SEED = 7
DELIVERIES = 60  # of each system
TEXT = "Erika Mustermann"
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, 1e300, "", " ", TEXT, "\0", "\ud800", "9" * 400, "x" * 5000),
    *("2026-02-30T25:61:61Z", "1,50", "NaN", "Infinity", "1e5", "٣", "='=1+1'", "<script>"),
    *([], {}, [[]], [None], {"": None}, {"value": {"amount": {}}}),
)


def spoil(whole: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON value
    """The payload with one to four of its values replaced, taken out, or put in a list."""
    spoilt = copy.deepcopy(whole)
    for _ in range(chance.randint(1, 4)):
        *path, last = chance.choice(list(places(spoilt)))
        holder = spoilt
        for name in path:
            holder = holder[name]
        match chance.randrange(4):
            case 0:
                del holder[last]
            case 1:
                holder[last] = [holder[last]]
            case _:
                holder[last] = chance.choice(JUNK)
        if not spoilt:
            break
    return spoilt


@pytest.mark.parametrize("system", SYSTEMS)
def test_signed_garbage_is_taken_ignored_or_kept_without_what_is_personal(
    web: Served, broker_url: str, system: str
) -> None:
    before, chance, outcomes = len(web.log()), random.Random(SEED), Counter[int]()
    for _ in range(DELIVERIES):
        content = json.dumps(spoil(plain(WHOLE[system]), chance)).encode()
        if chance.random() < 0.1:
            content = content[: chance.randrange(len(content))]
        answer = deliver(web, system, content)
        assert answer.status_code in (200, 202, 422), (answer.status_code, answer.text, content)
        assert answer.json().keys() & {"accepted", "title"}
        outcomes[answer.status_code] += 1
    assert outcomes[202] > DELIVERIES // 2
    with Redis.from_url(broker_url) as redis:
        kept = {"Redis": everything_in(redis), "the log": web.log()[before:].encode()}
    assert found({text: text for text in PERSONAL if len(text) > 5}, kept) == []
    assert "web.failed" not in web.log()[before:]
