"""What a page says: which account, what is wrong, how many and how much money, and what to press. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from config.sentry import Level
from tasks.dead_letters.advice import advise
from tasks.paging.alarms import Topic
from tasks.paging.due import Due
from tasks.paging.facts import Facts
from tasks.paging.snapshot import NOBODY, AccountView, Snapshot


@dataclass(frozen=True)
class Page:
    """Told as a log line `page.<name>`, as a Sentry message, and as a count."""

    name: str
    level: Level
    topic: Topic
    text: str
    press: str
    extra: dict[str, Any]

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Sentry makes one issue of all pages that share it."""
        parts = (self.topic.partner, self.topic.shop, self.topic.reason, self.topic.code)
        return "redeem", _ISSUES.get(self.topic.name, self.topic.name.replace("_", " ")), *filter(None, parts)

    @property
    def tags(self) -> dict[str, str]:
        """What to search and route by."""
        topic = self.topic
        named = {"partner": topic.partner, "shop": topic.shop, "reason": topic.reason, "error_code": topic.code}
        return {name: value for name, value in named.items() if value}


_ISSUES: Final = {"dead_letters": "dead letter", "breaker_opened": "breaker", "key_refused": "breaker"}
"""What shares an issue, as the beginning and the other beginning of one illness, or has a name of its own."""


def page_of(due: Due, snapshot: Snapshot, facts: Facts) -> Page:
    """The page about what is due."""
    topic, alarm = due.topic, due.alarm
    view = snapshot.account(topic.place) or AccountView(*topic.place)
    extra: dict[str, Any] = {"since": _iso(alarm.since)} if alarm and alarm.since else {}
    extra |= {"new": due.new, "dead": facts.dead} if topic.name == "dead_letters" else {}
    extra |= {"waiting": view.waiting} if view.waiting else {}
    extra |= facts.newest | ({"money": facts.money} if facts.money else {})
    if alarm is None:
        name, text = OVER[topic.name]
        return Page(name, "info", topic, _where(topic) + text, "Nothing: it is over.", extra)
    text, press = TEXTS[topic.name](due, snapshot, facts, view)
    still = "still: " if due.kind == "again" and alarm.count is None else ""
    return Page(topic.name, alarm.level, topic, _where(topic) + still + text, press, extra)


def broker_away(seconds: float, error: str) -> Page:
    """The page about a broker that has not answered for so long."""
    press = "Start it, or mend the network: workers and what waits go on by themselves. redeem check tells more"
    text = f"the broker has been away for {seconds:.0f} s: nothing is accepted, sent or recorded"
    if error.startswith("MISCONF"):
        press = (
            "Make room on its disk; do not restart it before, and run BGREWRITEAOF afterwards. redeem check tells more"
        )
        text = f"the broker has refused writes because of its disk for {seconds:.0f} s: nothing is accepted or sent"
    return Page("broker_away", "error", Topic("broker_away"), text, press, {"error": error})


def broker_back(seconds: float) -> Page:
    """The page that says that it is over."""
    text = f"the broker is back, after {seconds:.0f} s"
    return Page("broker_back", "info", Topic("broker_away"), text, "Nothing: it is over.", {})


def trial_page() -> Page:
    """A page for trying whether anybody is woken by it, at the level of the gravest."""
    text = "a test page: if you read this, paging works"
    return Page("test", "error", Topic("test"), text, "Nothing: it is a test.", {})


def _where(topic: Topic) -> str:
    if topic.name in _OF_THE_BROKER:
        return ""
    if topic.place == NOBODY:
        return "messages and events: "
    return f"{topic.partner} · {topic.shop or 'shops that are not configured'}: "


def _account(topic: Topic) -> str:
    shop = f" --shop {topic.shop}" if topic.shop else ""
    return f"--partner {topic.partner}{shop}" if topic.partner else ""


def _dead_letters(due: Due, _snapshot: Snapshot, facts: Facts, _view: AccountView) -> tuple[str, str]:
    topic, error = due.topic, facts.newest.get("error", "")
    letters = "1 new dead letter" if due.new == 1 else f"{due.new} new dead letters"
    text = f"{letters}, {topic.reason}" + (f" {topic.code}" if topic.code else "") + (f": {error}" if error else "")
    code = ["--error-code", topic.code] if topic.code.isalnum() else []  # a partner's word, to be typed in a shell
    look = " ".join(["redeem dead list", *filter(None, [_account(topic)]), "--reason", topic.reason, *code])
    advice = advise(topic.reason, topic.partner, topic.code or None, error)
    return text, f"{look}: {advice.text} ({advice.command})" if advice else look


def _breaker_opened(_due: Due, _snapshot: Snapshot, _facts: Facts, view: AccountView) -> tuple[str, str]:
    why = view.hint or "failing, or on its way to be well"
    text = f"{why}; {view.waiting} wait, and nothing but probes is sent"
    return text, "Nothing, if the partner is down: what waits goes out by itself once a probe succeeds. redeem status"


def _key_refused(due: Due, _snapshot: Snapshot, _facts: Facts, view: AccountView) -> tuple[str, str]:
    resume = f"redeem resume {_account(due.topic)}"
    press = f"Mend the shop's key and restart the workers; if the partner has mended it, {resume}"
    return f"the partner refuses the account's key; {view.waiting} wait, and nothing is sent", press


def _still_paused(due: Due, _snapshot: Snapshot, _facts: Facts, view: AccountView) -> tuple[str, str]:
    return f"paused since {_iso(view.since)}; {view.waiting} wait", f"redeem resume {_account(due.topic)}"


def _no_success(due: Due, _snapshot: Snapshot, facts: Facts, view: AccountView) -> tuple[str, str]:
    since = f"no success since {_iso(due.alarm.since if due.alarm else 0)}"
    concerned = view.waiting + facts.died
    if not concerned:
        return (
            f"{since}: nothing has arrived since then",
            "Does the shop still send its orders? Look there, then at the queue `orders` (redeem status)",
        )
    return (
        f"{since}: {view.waiting} wait and {facts.died} died since then",
        f"The account or its settings are at fault: redeem status, then redeem dead list {_account(due.topic)}",
    )


def _waiting_long(due: Due, _snapshot: Snapshot, _facts: Facts, view: AccountView) -> tuple[str, str]:
    since = _iso(due.alarm.since if due.alarm else 0)
    text = f"{view.waiting} wait, the oldest since {since}; the breaker is {view.breaker}"
    return (
        text,
        f"redeem status: is the partner down, do workers run? Once it is well, redeem retry {_account(due.topic)}",
    )


def _many_dead_letters(_due: Due, snapshot: Snapshot, _facts: Facts, _view: AccountView) -> tuple[str, str]:
    return f"{snapshot.dead} dead letters wait for a person", "redeem dead stats, then redeem dead list"


def _memory(_due: Due, snapshot: Snapshot, _facts: Facts, _view: AccountView) -> tuple[str, str]:
    used = round(100 * snapshot.memory_used / max(1, snapshot.memory_limit))
    text = f"the broker has used {used} % of its memory; from 100 % on it takes no new orders, and what is there drains"
    return text, "Raise maxmemory (CONFIG SET takes effect at once); see what fills it with redeem status"


def _rewrite_needed(_due: Due, _snapshot: Snapshot, _facts: Facts, _view: AccountView) -> tuple[str, str]:
    text = "the broker refused writes because of its disk (MISCONF), and may not be able to start again with its files"
    press = "BGREWRITEAOF as admin, before its next restart. It does not start? docs/operations.md, “Bad file format”"
    return text, press


TEXTS: Final[dict[str, Callable[[Due, Snapshot, Facts, AccountView], tuple[str, str]]]] = {
    "dead_letters": _dead_letters,
    "breaker_opened": _breaker_opened,
    "key_refused": _key_refused,
    "still_paused": _still_paused,
    "no_success": _no_success,
    "waiting_long": _waiting_long,
    "many_dead_letters": _many_dead_letters,
    "rewrite_needed": _rewrite_needed,
    "memory_nearly_full": _memory,
    "memory_full": _memory,
}
OVER: Final = {
    "breaker_opened": ("breaker_closed", "well again; what waited goes out"),
    "key_refused": ("key_accepted", "no longer stopped for its key"),
    "still_paused": ("resumed", "no longer paused"),
    "no_success": ("success_again", "it succeeds again"),
    "waiting_long": ("waits_no_longer", "nothing waits that long any more"),
    "many_dead_letters": ("fewer_dead_letters", "fewer dead letters than the alarm's number"),
    "rewrite_needed": ("rewritten", "the broker can start again: its append-only file was written anew, or read whole"),
    "memory_nearly_full": ("memory_free", "the broker has memory to spare again"),
    "memory_full": ("memory_not_full", "the broker takes new orders again"),
}
"""Topic → the name of the page that says that it is over, and its text."""
_OF_THE_BROKER: Final = frozenset({"many_dead_letters", "rewrite_needed", "memory_nearly_full", "memory_full"})


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
