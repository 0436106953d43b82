"""The figures as Prometheus has them. What each name means is told by its help text, and in docs/monitoring.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from math import inf

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from tasks.ledger import State
from tasks.standing.append_only_file import AppendOnlyFile
from tasks.standing.figures import AccountFigures, Figures, Histogram

_ACCOUNT = ("partner", "shop")
_BREAKER = ("closed", "half-open", "open", "refused", "paused")
_YES = (State.REDEEMED.value, State.PRESUMED.value)
_ENDS = (State.REDEEMED.value, State.PRESUMED.value, State.DISCARDED.value)
_WAITING = (State.QUEUED.value, State.SENDING.value, State.RETRYING.value)


def families(figures: Figures) -> Iterator[Metric]:
    """Every metric of the ledger."""
    accounts = [one for one in figures.accounts if one.status.partner]
    yield from _counters(accounts)
    yield _histogram("redeem_call_seconds", "How long calls to the partner took.", ((a, a.calls) for a in accounts))
    yield _histogram("redeem_lag_seconds", "From the order to its report.", ((a, a.lags) for a in accounts))
    yield from _standing(accounts)
    yield from _piles(figures)
    yield from _money(figures)
    yield from _broker(figures)


def _counters(accounts: list[AccountFigures]) -> Iterator[Metric]:
    accepted = CounterMetricFamily("redeem_accepted", "Redemptions that were opened.", labels=_ACCOUNT)
    ended = CounterMetricFamily("redeem_redemptions", "Redemptions that ended.", labels=(*_ACCOUNT, "outcome"))
    died = CounterMetricFamily("redeem_died", "Dead letters that came.", labels=(*_ACCOUNT, "reason", "code"))
    calls = CounterMetricFamily("redeem_calls", "Calls to the partner.", labels=(*_ACCOUNT, "outcome"))
    replayed = CounterMetricFamily("redeem_replayed", "Dead letters brought back.", labels=_ACCOUNT)
    expired = CounterMetricFamily("redeem_leases_expired", "Workers that died with a redemption.", labels=_ACCOUNT)
    for one in accounts:
        labels, counts = _labels(one), one.counts
        for family, name in ((accepted, "accepted"), (replayed, "replayed"), (expired, "lease_expired")):
            family.add_metric(labels, counts.get(name, 0))
        for end in _ENDS:
            ended.add_metric([*labels, end], counts.get(end, 0))
        for end in _YES:
            calls.add_metric([*labels, end], counts.get(end, 0))
        for name, count in counts.items():
            kind, *rest = name.split(":")
            if kind == "died":
                died.add_metric([*labels, *rest], count)
            elif kind == "attempted":
                calls.add_metric([*labels, *rest], count)
    yield from (accepted, ended, died, calls, replayed, expired)


def _histogram(name: str, help_: str, told: Iterable[tuple[AccountFigures, Histogram]]) -> Metric:
    family = HistogramMetricFamily(name, help_, labels=_ACCOUNT)
    for account, histogram in told:
        below, buckets = 0, []
        for bound, count in sorted(({inf: 0} | dict(histogram.counts)).items()):
            below += count
            buckets.append(("+Inf" if bound == inf else str(bound), below))
        family.add_metric(_labels(account), buckets, histogram.total)
    return family


def _standing(accounts: list[AccountFigures]) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("redeem_waiting", "Redemptions that wait.", labels=(*_ACCOUNT, "state"))
    oldest = GaugeMetricFamily("redeem_oldest_waiting_seconds", "How long the oldest waits; 0: none.", labels=_ACCOUNT)
    success = GaugeMetricFamily(
        "redeem_last_success_timestamp_seconds", "When the partner last said yes.", labels=_ACCOUNT
    )
    breaker = GaugeMetricFamily(
        "redeem_breaker", "1 for the state that the account is in: only a closed one sends freely.",
        labels=(*_ACCOUNT, "state"),
    )  # fmt: skip
    for one in accounts:
        labels, status = _labels(one), one.status
        for state in _WAITING:
            waiting.add_metric([*labels, state], status.states[state])
        oldest.add_metric(labels, status.oldest_waiting or 0.0)
        if status.last_yes:
            success.add_metric(labels, status.last_yes.timestamp())
        for state in _BREAKER:
            breaker.add_metric([*labels, state], status.breaker == state)
    yield from (waiting, oldest, success, breaker)


def _piles(figures: Figures) -> Iterator[Metric]:
    dead = GaugeMetricFamily("redeem_dead", "Dead letters there are.", labels=(*_ACCOUNT, "reason", "code"))
    for cause, pile in figures.survey.causes.items():
        dead.add_metric(list(cause), pile.count)
    queues = GaugeMetricFamily("redeem_queue_messages", "Messages that no worker has taken.", labels=("queue",))
    for queue, length in figures.queues.items():
        queues.add_metric([queue], length)
    pages = CounterMetricFamily("redeem_pages", "What operators were paged for.", labels=("page", "account"))
    for labels, count in figures.pages.items():
        pages.add_metric(list(labels), count)
    yield from (dead, queues, pages)


def _money(figures: Figures) -> Iterator[Metric]:
    """By account, and in all: an order that concerns two accounts counts once in all."""
    labels = (*_ACCOUNT, "currency")
    waiting = GaugeMetricFamily("redeem_money_waiting", "Value of the account's orders that wait.", labels=labels)
    dead = GaugeMetricFamily("redeem_money_dead", "Value of the account's orders that are dead.", labels=labels)
    for one in figures.accounts:
        for family, money in ((waiting, one.status.money_waiting), (dead, one.status.money_dead)):
            _add_money(family, _labels(one), money.totals)
    yield from (waiting, dead)
    for state, pile in (("waiting", figures.survey.waiting), ("dead", figures.survey.dead)):
        family = GaugeMetricFamily(
            f"redeem_money_{state}_in_all", "The same over all accounts, an order once.", labels=("currency",)
        )
        _add_money(family, [], pile.money.totals)
        yield family


def _add_money(family: GaugeMetricFamily, labels: list[str], totals: dict[str, Decimal]) -> None:
    for currency, amount in totals.items():
        family.add_metric([*labels, currency], float(amount))


def _broker(figures: Figures) -> Iterator[Metric]:
    used, limit = figures.memory
    yield GaugeMetricFamily("redeem_broker_memory_bytes", "Memory that Redis uses.", value=used)
    yield GaugeMetricFamily("redeem_broker_memory_limit_bytes", "Memory that Redis may use; 0: no limit.", value=limit)
    yield GaugeMetricFamily(
        "redeem_broker_rewrite_needed",
        "1: a write to Redis' append-only file failed, and the file has not been written anew since (BGREWRITEAOF).",
        value=figures.disk.file in (AppendOnlyFile.FAILING, AppendOnlyFile.REWRITE_NEEDED),
    )


def _labels(account: AccountFigures) -> list[str]:
    return [account.status.partner, account.status.shop]
