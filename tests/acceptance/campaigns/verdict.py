"""The verdict over a campaign: one rule a function, from the evidence alone. Nothing found is a clean verdict.

An attempt *excuses* one further call when our history says, at a time between the two, that it was ambiguous (the
partner may have acted: timeout, reset, unreadable answer, 5xx, a lease that ran out) or that the partner answered that
it did nothing (429, 101). A refused connection excuses nothing: it made no call that the partner's books could show.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tasks.identity import partner_of, shop_of
from tasks.ledger import Account, State
from tests.acceptance.campaigns.evidence import Evidence, Fate
from tests.acceptance.campaigns.histories import ambiguities, excuses_in, story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.ledger import Record
    from worker.dev.sandbox import Redemption

DONE: Final = frozenset({State.REDEEMED, State.PRESUMED})
FINAL: Final = DONE | {State.DEAD, State.DISCARDED}
_READ_LATE: Final = timedelta(seconds=2)
"""A stalled sandbox enters a call after its caller has given it up, and after that was recorded."""


@dataclass(frozen=True)
class Finding:
    """One breach of a rule, with what shows it."""

    rule: str
    id: str
    detail: str


def judge(evidence: Evidence) -> list[Finding]:
    """Everything that is wrong, rule by rule; empty when all promises were kept."""
    return [Finding(rule.__name__, id_, detail) for rule in RULES for id_, detail in rule(evidence)]


def lost(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What a door acknowledged is in the ledger."""
    for id_, promise in evidence.promises.items():
        if id_ not in evidence.records:
            yield id_, f"order {promise.order_id} was acknowledged, and the ledger does not know it"


def torn(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What was handed in at once is in the ledger whole or not at all, also where nobody knows which."""
    for piece in evidence.given_up:
        alone = [id_ for id_ in piece if id_ not in evidence.promises]
        kept = [id_ for id_ in alone if id_ in evidence.records]
        if 0 < len(kept) < len(alone):
            yield alone[0], f"{len(kept)} of {len(alone)} that were handed in at once are in the ledger: {kept}"


def misanswered(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """A door says yes with the ids that there are, or says how else it stands, as its contract has it."""
    yield from evidence.wrong_answers


def never_happened(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Of an order that was rolled back nobody has heard, neither we nor a partner."""
    for id_ in evidence.rolled_back:
        if id_ in evidence.records or evidence.calls.get(id_) or evidence.booked.get(id_):
            yield id_, "its order was rolled back"


def row_astray(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The outbox tells its ERP of each committed order that it was reported, and which are its redemptions."""
    yield from evidence.wrong_rows


def unsettled(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Everything in the ledger has come to its end."""
    for id_, record in evidence.records.items():
        if record.state not in FINAL:
            yield id_, f"{record.state.value}: {story(record)}"


def wrongly_ended(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What the partner takes is done, and what it refuses is dead; nothing else kills."""
    for id_, promise in evidence.promises.items():
        record = evidence.records.get(id_)
        if record is None or record.state not in FINAL:
            continue
        done = record.state in DONE
        presumable = promise.fate is Fate.TAKEN and record.state is State.PRESUMED
        if done != (promise.fate is Fate.YES) and not presumable:
            yield id_, f"{record.state.value} ({record.reason}), should be {promise.fate.value}: {story(record)}"


def presumed_without_cause(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Somebody else's redemption is not taken for ours."""
    for id_, record in evidence.records.items():
        if record.state is State.PRESUMED and not ambiguities(record):
            yield id_, story(record)


def unbooked(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What we call done is on the partner's books."""
    for id_, record in evidence.records.items():
        promise = evidence.promises.get(id_)
        taken = promise is not None and promise.fate is Fate.TAKEN and record.state is State.PRESUMED
        if record.state in DONE and not evidence.booked.get(id_) and not taken:
            yield id_, f"{record.state.value}, and the partner's books do not have it: {story(record)}"


def mismatched(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The partner's books hold only what is ours, with order, code, currency and value to the cent."""
    for id_, entries in evidence.booked.items():
        record = evidence.records.get(id_)
        if record is None:
            yield id_, f"booked, and the ledger does not know it: {entries}"
        elif record.state not in DONE and not ambiguities(record):
            yield id_, f"booked, and the ledger says {record.state.value}: {story(record)}"
        else:
            wanted = _wanted(evidence, record)
            yield from ((id_, f"{entry}, ours is {wanted}") for entry in entries if _facts(entry) != {wanted})


def reused_code(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """A Uniqodo code is good for one order."""
    orders: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for id_, entries in evidence.booked.items():
        for entry in entries:
            if entry.partner == "uniqodo":
                orders[shop_of(id_), entry.code.upper()].add(entry.order_id)
    yield from ((f"{shop}:{code}", f"orders {found}") for (shop, code), found in orders.items() if len(found) > 1)


def doubled(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Booked twice is only what Sovendus got again after an attempt that may have gone through."""
    for id_, entries in evidence.booked.items():
        record, commits = evidence.records.get(id_), sum(entry.commits for entry in entries)
        allowed = len(ambiguities(record)) if record is not None and partner_of(id_) == "sovendus" else 0
        if commits > 1 + allowed:
            yield id_, f"booked {commits} times: {story(record) if record else 'unknown to the ledger'}"


def unexplained_call(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Between two calls for a redemption our history has an attempt that excuses the second."""
    for id_, calls in evidence.calls.items():
        record = evidence.records.get(id_)
        if record is None:
            yield id_, f"{len(calls)} calls for what the ledger does not know"
            continue
        excuses = excuses_in(record)
        moments = [datetime.fromtimestamp(call.arrived_at).astimezone() for call in calls]
        for number, (first, second) in enumerate(pairwise(moments), start=2):
            excuse = next((moment for moment in excuses if first - _READ_LATE <= moment <= second), None)
            if excuse is None:
                yield id_, f"call {number} at {second:%H:%M:%S.%f} after {first:%H:%M:%S.%f}: {story(record)}"
            else:
                excuses.remove(excuse)


def money_astray(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """By currency, what was accepted is what was settled and what is dead, each order once."""
    for currency, (accepted, settled, dead) in money(evidence).items():
        if accepted != settled + dead:
            yield currency, f"accepted {accepted}, settled {settled}, dead {dead}"


def misreported(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The report tells each settled redemption once, as it ended."""
    told: dict[str, list[State]] = defaultdict(list)
    for id_, state in evidence.reported:
        told[id_].append(state)
    for id_ in told.keys() | evidence.records.keys():
        record = evidence.records.get(id_)
        ended = [record.state] if record and record.state in FINAL and record.is_redemption and not record.test else []
        if told[id_] != ended:
            yield id_, f"reported {[state.value for state in told[id_]]}, ended {[state.value for state in ended]}"


def miscounted(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What the ledger counted as it went is what its records say."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in evidence.records.values():
        if record.is_redemption and not record.test:
            counts[Account(record.partner, record.shop).name].update(("accepted", record.state.value))
    for account in counts.keys() | evidence.counted.keys():
        for what in ("accepted", *(state.value for state in (*DONE, State.DISCARDED))):
            counted = int(evidence.counted.get(account, {}).get(what, 0))
            if counted != counts[account][what]:
                yield f"{account} {what}", f"counted {counted}, there are {counts[account][what]}"


def money(evidence: Evidence) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Currency → values of the orders accepted, settled in part at least, and wholly dead."""
    orders: dict[tuple[str, str], list[Record | None]] = defaultdict(list)
    accepted: dict[tuple[str, str], tuple[str, Decimal]] = {}
    for id_, promise in evidence.promises.items():
        key = (shop_of(id_), promise.order_id)
        accepted[key] = (promise.currency, promise.value)
        orders[key].append(evidence.records.get(id_))
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for key, (currency, value) in accepted.items():
        sums[currency][0] += value
        for place, states in ((1, DONE), (2, FINAL - DONE)):
            ended = [record.order_value for record in orders[key] if record and record.state in states]
            if ended:
                sums[currency][place] += ended[0] or 0
                break
    return {currency: (total[0], total[1], total[2]) for currency, total in sorted(sums.items())}


RULES: Final = (
    lost,
    torn,
    misanswered,
    never_happened,
    row_astray,
    unsettled,
    wrongly_ended,
    presumed_without_cause,
    unbooked,
    mismatched,
    reused_code,
    doubled,
    unexplained_call,
    money_astray,
    misreported,
    miscounted,
)
"""All of them; a finding has its rule's name."""


def _wanted(evidence: Evidence, record: Record) -> tuple[str | None, ...]:
    """Order, code, currency and value as the shop sent them; of what was not acknowledged, as the ledger has them."""
    promise = evidence.promises.get(record.id)
    value = promise.value if promise else record.order_value
    currency = promise.currency if promise else record.fields.get("currency")
    return record.order_id, record.code, currency, None if value is None else f"{value:.2f}"


def _facts(entry: Redemption) -> set[tuple[str | None, ...]]:
    return {(entry.order_id, entry.code, entry.currency, value) for value in entry.order_values}
