"""After an erasure nothing of it is left, by the server's own commands or in its files, and nothing else is touched."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.bad_message import UnknownTask, UnreadableMessage
from tasks.messages.burying import bury_event, bury_message
from tasks.orders import hash_email, parse_order
from tests.acceptance.kit.producer import BareProducer
from tests.cli.conftest import Run, Worker, event, lines, uniqodo
from tests.tasks.erasure.kit import Files, Memory, unparseable
from tests.tasks.garbage import good_with_tag
from worker.dev.broker import EmbeddedValkey

NUMBER, CODE = "714578901234", "VERY-OWN-1"
ADDRESS, CUSTOMER = "Jane.Doe+shop@example.com", "customer-998877"
HASH = hash_email(ADDRESS)
OTHERS = ("714578901235", "8")
UNREADABLE, UNKNOWN = UnreadableMessage("not JSON"), UnknownTask("none of ours")
INVALID = InvalidEvent((FieldError("$.note", "unknown field"),))
PERSONAL = {"email": ADDRESS, "customer_id": CUSTOMER}


@pytest.fixture
def system(configured: Callable[..., None], redeem: Run, worker: Worker, valkey: EmbeddedValkey) -> System:
    configured(SHOPS__UK__UNIQODO__SEND_UID="true")
    return System(redeem, worker, valkey)


class System:
    """A shop's days, of which one order and one customer are to be forgotten."""

    def __init__(self, redeem: Run, worker: Worker, valkey: EmbeddedValkey) -> None:
        self.redeem = redeem
        self.worker = Worker()  # with the settings as they are now
        self.valkey = valkey
        worker.close()

    def emit(self, *events: object) -> None:
        assert self.redeem("emit", "-", stdin=lines(*events)).status == 0

    def live(self) -> None:
        """All that happens to orders happens to the one, and to others before, between and after."""
        for order in (OTHERS[0], NUMBER, *OTHERS[1:]):
            self.settle(order)
            self.misroute(order)
            self.bad_messages(order)
        with BareProducer(self.valkey.url) as shop:
            for order in (OTHERS[0], NUMBER, *OTHERS[1:]):
                personal = PERSONAL if order == NUMBER else {}
                shop.send([event(order, f"LATE-{order}", **personal)])

    def settle(self, order: str) -> None:
        personal = PERSONAL if order == NUMBER else {"email": f"{order}@example.com"}
        sovendus, theirs = f"sovendus:uk:{order}:{CODE}", f"uniqodo:uk:{order}:EXPIRED-1"
        self.emit(event(order, CODE, **personal), event(order, coupons=uniqodo("EXPIRED-1"), **personal))
        self.emit(event(order, CODE, order_value="1.00"))  # comes again, and differs
        self.worker.work(sovendus)
        self.worker.work(theirs)
        assert self.redeem("dead", "replay", theirs).status == 0
        self.worker.work(theirs)
        assert self.redeem("retry", "--order", order).status == 0
        assert self.redeem("dead", "list", "--order", order).status == 0

    def misroute(self, order: str) -> None:
        """A letter of another order becomes one of this order."""
        wrong = order[::-1] + "-wrong"
        self.emit(event(wrong, CODE, shop="fr"))
        mended = (f"order_id={order}", "shop=uk", "code=MOVED-1")
        settings = [word for one in mended for word in ("--set", one)]
        moved = self.redeem("dead", "replay", f"unrouted:fr:{wrong}:{CODE}", *settings)
        assert moved.status == 0, moved.err
        self.worker.work(f"sovendus:uk:{order}:MOVED-1")

    def bad_messages(self, order: str) -> None:
        runtime = self.worker.runtime
        for _, raw in unparseable(order) if len(order) > 5 else ():
            bury_message(runtime, raw, "orders", UNREADABLE)
        personal = PERSONAL if order == NUMBER else {}
        bury_event(runtime, event(order, note=1, **personal), INVALID)
        bury_message(runtime, good_with_tag(event(order, **personal), "1"), "orders", UNKNOWN)
        closed = bury_event(runtime, event(order, note=2, **personal), INVALID)
        assert self.redeem("dead", "discard", closed).status == 0


def test_of_an_order_nothing_is_left_and_all_else_is_as_it_was(system: System) -> None:
    system.live()
    before = Memory(system.valkey)
    spelled = [raw for _, raw in unparseable(NUMBER)]
    assert len(before.holds(NUMBER)) > 12
    assert all(before.keeps(raw) for raw in spelled)
    assert Files(system.valkey).hold(NUMBER)

    refused = system.redeem("erase", "--order", NUMBER, "--yes")
    assert refused.status == 1
    assert "an event in the queue orders" in refused.out
    assert Memory(system.valkey).values.keys() >= before.values.keys()

    erased = system.redeem("erase", "--order", NUMBER, "--unreported", "--yes", "--json")
    assert erased.status == 0, erased.out + erased.err
    assert [one["clean"] for one in erased.row["on_disk"]] == [True, True]
    after = Memory(system.valkey)
    assert after.holds(NUMBER) == []
    assert not any(after.keeps(raw) for raw in spelled)
    assert Files(system.valkey).hold(NUMBER) == []
    assert_all_else_is_as_it_was(before, after, NUMBER)
    assert system.redeem("erase", "--order", NUMBER).status == 1


def test_of_a_customer_nothing_is_left_and_the_orders_are_sent_without(system: System) -> None:
    system.live()
    system.emit(event("7001", "WAITS-1", coupons=uniqodo("AB12"), **PERSONAL))
    waiting = "uniqodo:uk:7001:AB12"
    for told in (ADDRESS, HASH, CUSTOMER):
        for _, raw in unparseable(told):
            bury_message(system.worker.runtime, raw, "orders", UNREADABLE)
    before = Memory(system.valkey)
    assert all(before.holds(told) for told in (ADDRESS, HASH, CUSTOMER))

    erased = system.redeem("erase", "--email", "-", "--customer", CUSTOMER, "--yes", stdin=f" {ADDRESS}\n".encode())
    assert erased.status == 0, erased.out + erased.err
    after, files = Memory(system.valkey), Files(system.valkey)
    for told in (ADDRESS, HASH, CUSTOMER):
        assert after.holds(told) == []
        assert files.hold(told) == []
        assert not any(after.keeps(raw) for _, raw in unparseable(told))
    records = [key for key in before.values if b":redemption:" in key and b":message:" not in key]
    for key in records:
        expected = before.values[key]
        if HASH.encode() in expected.get(b"personal", b""):
            expected = expected | {b"personal": b'{"validation_key": "f"}'}
            expected = expected if b"uniqodo" in key else {n: v for n, v in expected.items() if n != b"personal"}
        assert after.values[key] == expected
    assert after.values[b"redeem:outcomes"] == before.values[b"redeem:outcomes"]
    system.worker.work(waiting)
    assert system.worker.record(waiting).state == "redeemed"
    late = [json.loads(raw) for raw in after.values[b"orders"]]
    assert len(late) == len(before.values[b"orders"])
    assert all(parse_order(event_in(one), now=datetime.now(UTC)).coupons for one in late)
    letters = system.redeem("dead", "list", "--order", NUMBER, "--reason", "invalid_event", "--json").rows
    assert [system.redeem("dead", "replay", one["id"], "--set", "note=").status for one in letters] == [0]


def event_in(message: dict[str, Any]) -> object:
    encoded = message["properties"].get("body_encoding") == "base64"
    return json.loads(base64.b64decode(message["body"]) if encoded else message["body"])[0][0]


def assert_all_else_is_as_it_was(before: Memory, after: Memory, needle: str) -> None:
    """To the byte, and in when it expires, but for keys that held it among other things, and letters made of it."""
    letters = letters_of(before, needle)
    gone = before.exact.keys() - after.exact.keys()
    assert gone == {key for key in before.exact if needle.encode() in key} | letters
    touched = {*before.holds(needle), b"redeem:audit", b"redeem:dead", b"redeem:clock"}
    changed = {key for key in after.exact if key in before.exact and after.exact[key] != before.exact[key]}
    assert changed <= touched
    for stream in (b"redeem:outcomes", b"redeem:audit"):
        entries = dict(after.values[stream])
        kept = [one for one in before.values[stream] if needle.encode() not in repr(one).encode()]
        assert kept
        assert all(entries[entry_id] == fields for entry_id, fields in kept)
    for queue in (b"orders", b"sovendus", b"uniqodo"):
        left = [raw for raw in before.values[queue] if needle not in told_by(raw)]
        assert left
        assert after.values[queue] == left


def letters_of(memory: Memory, needle: str) -> set[bytes]:
    """The keys of letters that were made of what spells it, or whose records name it."""
    raws = {one for _, raw in unparseable(needle) for one in (raw, base64.b64encode(raw))}
    came = ((key, raw) for key, raw in memory.values.items() if b"redeem:raw:" in key)
    ids = {key.removeprefix(b"redeem:raw:") for key, raw in came if raw in raws}
    named = {key.split(b":", 2)[2] for key in memory.holds(needle) if b":event:" in key or b":message:" in key}
    keys = {prefix + letter for letter in ids | named for prefix in (b"redeem:raw:", b"redeem:redemption:")}
    return keys & memory.values.keys()


def told_by(raw: bytes) -> str:
    """A message with its body in clear."""
    message = json.loads(raw)
    encoded = message["properties"].get("body_encoding") == "base64"
    return repr(message) + (base64.b64decode(message["body"]).decode() if encoded else "")
