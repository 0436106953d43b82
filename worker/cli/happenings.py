"""What a history's entry tells, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.cli.status import duration


def happening(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What happened, in a word or two, and the rest of it: who, how long it took, what was answered, what follows."""
    outcome = str(entry.get("outcome", ""))
    if outcome == "replayed":
        return outcome, _replayed(entry)
    if outcome == "lease_expired":
        return "worker lost", "it died or hung with the call under way; the partner may have acted"
    if "attempt" in entry:
        return f"attempt {entry['attempt']}", _attempt(outcome, entry)
    by = f"by {entry['by']}" if "by" in entry else ""
    known = {"at", "outcome", "by"}
    return outcome, " ".join([by, *(f"{name}={value}" for name, value in entry.items() if name not in known)]).strip()


def _attempt(outcome: str, entry: Mapping[str, Any]) -> str:
    took = f"{duration(entry['ms'] / 1000)}  " if "ms" in entry else ""
    ended = _OUTCOMES.get(outcome, outcome)
    if outcome == "dead" and entry.get("reason"):
        ended = f"dead, {entry['reason']}"
    answer = entry.get("error") or (f"HTTP {entry['status']}" if entry.get("status") else "no call was made")
    doubt = " (it may have gone through)" if entry.get("ambiguous") else ""
    follows = f"; again in {duration(entry['next_delay_s'])}" if "next_delay_s" in entry else ""
    return f"{took}{ended}: {answer}{doubt}{follows}"


_OUTCOMES = {"transient": "failed", "account_refused": "account refused, not counted"}


def _replayed(entry: Mapping[str, Any]) -> str:
    told = []
    if "by" in entry:
        told.append(f"by {entry['by']}")
    if isinstance(entry.get("set"), dict):
        changes = (f"{name}={'' if value is None else value}" for name, value in entry["set"].items())
        told.append(f"set {', '.join(changes)}")
    if "of" in entry:
        told.append(f"in place of {entry['of']}")
    if "as" in entry:
        told.append(f"as {', '.join(entry['as']) or 'nothing: no partner issued the code'}")
    return ", ".join(told)
