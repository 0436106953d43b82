"""What is measured of a contender in one run: a backlog that it drains, or the waits of orders that come evenly."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

from benchmarks.contenders.order import event, order_id
from benchmarks.course import Course
from benchmarks.field import FIELD
from benchmarks.stub import load

_WARM: Final = 0.25
"""The share of the backlog that is done before anything is measured: workers start, connect and warm up."""
_ENOUGH: Final = 0.90
"""The share after which it is only looked where Redis's commands come from: at the end not all threads have work."""
_START_WITHIN: Final = 60.0
_ARRIVES_WITHIN: Final = 10.0
_EVENLY: Final = 50.0
_BURST: Final = 25
_LATENCY: Final = 50.0


@dataclass(frozen=True)
class Drained:
    """One backlog's figures, per job: CPU in ms, `enqueued` and `enqueued_cpu` in µs."""

    rate: float
    cpu: float
    redis_cpu: float
    commands: float
    sent: float
    """Of the commands those that a client sent; the rest was run by scripts."""
    trips: float
    bytes: float
    partner_cpu: float
    enqueued: float
    enqueued_cpu: float
    waiting: float
    """Bytes of Redis's memory for one that waits."""
    wrong: int
    """Orders that reached the partner twice, or not at all although all jobs had ended."""


def ceiling(seconds: float = 2.0) -> float:
    """How many calls a second the partner's stub can answer at all, over 64 connections and without delay."""
    with Course(FIELD["bare"], 0.0) as course:
        asyncio.run(load(course.partner_port, 64, seconds))
        return course.answered() / seconds


def drain(name: str, latency: float, jobs: int, seconds: float) -> Drained:
    """A backlog of `jobs`; measured for at most `seconds`."""
    with Course(FIELD[name], latency) as course:
        memory = _memory(course)
        enqueued = course.enqueue(0, jobs)
        memory = _memory(course) - memory
        with course.working():
            course.until_answered(int(jobs * _WARM), time.monotonic() + _START_WITHIN)
            before = course.look()
            course.until_answered(int(jobs * _ENOUGH), time.monotonic() + seconds)
            after = course.look()
            with _heard(course) as heard:
                ended = course.until_recorded(jobs, time.monotonic() + seconds)
            calls = course.calls()
    count = after.answered - before.answered
    if not count:
        raise RuntimeError(f"{name} did nothing for {seconds:g} s")

    def each(figure: str) -> float:
        return float(getattr(after, figure) - getattr(before, figure)) / count

    orders = {order for order, _ in calls["arrived"]}
    return Drained(
        rate=count / (calls["answered"][after.answered - 1] - calls["answered"][before.answered - 1]),
        cpu=each("worker") * 1000,
        redis_cpu=each("redis") * 1000,
        commands=each("commands"),
        sent=each("commands") * heard["sent"] / max(1, heard.total()),
        trips=each("trips"),
        bytes=each("bytes"),
        partner_cpu=each("partner") * 1000,
        enqueued=enqueued["seconds"] / jobs * 1e6,
        enqueued_cpu=enqueued["busy"] / jobs * 1e6,
        waiting=memory / jobs,
        wrong=len(calls["arrived"]) - len(orders) + (jobs - len(orders) if ended == jobs else 0),
    )


def evenly(name: str, seconds: float, *, busy: bool, waiting: int = 0) -> list[float]:
    """Waits in ms from handing an order over to its arrival at the partner (50 ms away), at 50 orders a second.

    A cold worker has done one job when it begins; a busy one has just drained 500 and is given 25 more all at once
    every half second. `waiting` redemptions of the other partner, whose account is paused, lie in the ledger (ours
    only). What has not arrived within 10 s waits for ever.
    """
    count = int(seconds * _EVENLY)
    with Course(FIELD[name], _LATENCY) as course:
        _let_wait(course, waiting)
        first = 500 if busy else 1
        course.enqueue(0, first)
        with course.working():
            course.until_recorded(first, time.monotonic() + _START_WITHIN)
            handed = course.enqueue(first, count, _EVENLY, _BURST if busy else 0)
            course.until_answered(first + handed["count"], time.monotonic() + _ARRIVES_WITHIN)
            arrived = dict(reversed(course.calls()["arrived"]))
    orders = [order_id(first + place) for place in range(count)]
    never = float("inf")
    return [(arrived.get(order, never) - at) * 1000 for order, at in zip(orders, handed["handed"], strict=True)]


@dataclass(frozen=True)
class Killed:
    """What became of 600 orders whose worker was killed amid them, and another started at once."""

    open: int
    """Jobs that had not come to their end when it was looked."""
    twice: int
    """Orders that reached the partner more than once."""


def killed(name: str, seconds: float) -> Killed:
    """Kill the worker after a quarter, and look at its successor `seconds` later; the partner is 200 ms away."""
    jobs = 600
    with Course(FIELD[name], 200.0) as course:
        course.enqueue(0, jobs)
        with course.working():
            course.until_answered(jobs // 4, time.monotonic() + _START_WITHIN)
            course.kill()
        with course.working():
            ended = course.until_recorded(jobs, time.monotonic() + seconds)
            calls = Counter(order for order, _ in course.calls()["arrived"])
    return Killed(jobs - ended, sum(times > 1 for times in calls.values()))


def _let_wait(course: Course, count: int) -> None:
    if not count:
        return
    others = (event(10**8 + number) for number in range(count))
    uniqodo = [{**one, "coupons": [{"code": one["order_id"], "provenance": "uniqodo"}]} for one in others]
    course.redeem("pause", "--partner", "uniqodo")
    course.redeem("emit", "-", lines="\n".join(map(json.dumps, uniqodo)))


def _memory(course: Course) -> int:
    return int(cast("dict[str, int]", course.redis.info("memory"))["used_memory"])


@contextmanager
def _heard(course: Course) -> Iterator[Counter[str]]:
    """Counts the commands that Redis carries out meanwhile: `sent` by clients, or by a script."""
    heard = Counter[str]()
    own = course.contender.recorded[0]
    with course.redis.monitor() as monitor:

        def listen() -> None:
            while not stopping.is_set():
                command = monitor.next_command()
                if not command["command"].startswith((own, "INFO")):
                    heard["scripted" if command["client_type"] == "lua" else "sent"] += 1

        stopping = threading.Event()
        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            yield heard
        finally:
            stopping.set()
            course.redis.info("server")  # something to hear, so that it ends
            listener.join()
