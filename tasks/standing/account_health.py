"""An account's health as its workers have it, whatever settings the process has that asks.

Health is kept per account and per fingerprint of its settings, and each worker notes which settings it has. So an
operator's shell with another API key, or without any shop, sees the state of the workers. Settings that no worker has
any more, as an old key after a deploy, are listed and count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from tasks.ledger import Account
from tasks.ledger.books import LedgerBooks
from tasks.partners import PARTNERS

SettingsHere = Literal["same", "other", "missing"]
"""This process's settings of an account, compared with the workers' ones; `missing`: it has no such account."""

_USED: Final = "used:"
_IN_USE_MS: Final = 10_000  # since a worker looked; each looks several times a second
_WORST_FIRST: Final = ("refused", "open", "half-open", "closed")
_READ: Final = ("state", "relapse", "proven", "since", "why")


class _Found(NamedTuple):
    """What the ledger has of an account; moments in milliseconds by the ledger's own clock."""

    account: Account
    fields: Mapping[str, str]
    used_at: dict[str, int]
    """Fingerprint → when a worker with these settings last looked."""
    fingerprints: list[str]
    """Those, and all under which there is health, sorted."""


@dataclass(frozen=True)
class SettingsHealth:
    """An account's health under one set of its settings."""

    fingerprint: str
    breaker: str
    """`closed`, `half-open`, `open` or `refused`."""
    in_use: bool
    """Whether a worker has these settings; of workers that all stopped, whether one had them at the end."""
    used_at: datetime | None
    """When a worker last had them, by the server's clock; None where no worker has noted that."""
    since: int
    """When its breaker came to that state, in milliseconds by the server's clock; 0 where that is not known."""
    hint: str | None

    def to_json(self) -> dict[str, Any]:
        """As `redeem status --json` prints it."""
        used_at = self.used_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.used_at else None
        return {
            "fingerprint": self.fingerprint, "breaker": self.breaker, "in_use": self.in_use, "last_used_at": used_at,
        }  # fmt: skip


@dataclass(frozen=True)
class AccountHealth:
    """An account's health: the worst that any worker meets."""

    account: Account
    """With the fingerprint that it has under this process's settings."""
    breaker: str = "closed"
    """`closed`, `half-open`, `open`, `refused` or `paused`."""
    hint: str | None = None
    since: int = 0
    """When the breaker or the pause came to that, in milliseconds by the server's clock; 0 where it is not known."""
    settings: tuple[SettingsHealth, ...] = ()
    """Under each set of settings there is, those in use first."""
    here: SettingsHere | None = None
    """None where no worker has the account, or none has noted its settings yet."""
    deserted: bool = False
    """Workers had the account once, and those that run do not: nothing of it is sent."""

    @property
    def in_use(self) -> list[str]:
        """Fingerprints of the settings that workers have."""
        return [one.fingerprint for one in self.settings if one.in_use]


def read_health(ledger: LedgerBooks, accounts: Sequence[Account]) -> list[AccountHealth]:
    """The health of these accounts, in their order; two round trips.

    Raises redis.RedisError.
    """
    found, pulse, offset = _find(ledger, accounts)
    pipeline = ledger.redis.pipeline(transaction=False)
    for one in found:
        for fingerprint in one.fingerprints:
            pipeline.hmget(ledger.key("health", one.account.name, fingerprint), *_READ)
    answers = iter(pipeline.execute())
    return [_health(one, [next(answers) for _ in one.fingerprints], pulse, offset) for one in found]


def _find(ledger: LedgerBooks, accounts: Sequence[Account]) -> tuple[list[_Found], int, int]:
    """What there is of each, when a worker last looked, and by how much the ledger's clock is ahead of the server's."""
    pipeline = ledger.redis.pipeline(transaction=False)
    pipeline.hmget(ledger.key("clock"), "pulse", "offset")
    for account in accounts:
        pipeline.hgetall(ledger.key("account", account.name))
        pipeline.smembers(ledger.key("fingerprints", account.name))
    (pulse, offset), *rest = pipeline.execute()
    found = []
    for account, fields, known in zip(accounts, rest[::2], rest[1::2], strict=True):
        used_at = {name.removeprefix(_USED): int(at) for name, at in fields.items() if name.startswith(_USED)}
        found.append(_Found(account, fields, used_at, sorted({*known, *used_at})))
    return found, int(pulse or 0), int(offset or 0)


def _health(found: _Found, read: list[list[str | None]], pulse: int, offset: int) -> AccountHealth:
    in_use = _in_use(found, pulse)
    settings = [
        _of_settings(found, fingerprint, values, in_use=fingerprint in in_use, offset=offset)
        for fingerprint, values in zip(found.fingerprints, read, strict=True)
        if any(values) or fingerprint in found.used_at  # else its health has expired
    ]
    settings.sort(key=lambda one: not one.in_use)
    deserted = bool(found.used_at) and int(found.fields.get("known_at", 0)) < pulse - _IN_USE_MS
    counts = [one for one in settings if one.in_use]
    if not in_use and not deserted:
        counts = _unnoted(found.account, settings)
    here = _here(found.account, in_use) if in_use else None
    breaker, hint, since = _worst(counts)
    if paused_at := found.fields.get("paused_at"):
        breaker, hint, since = "paused", _pause(found.fields), int(paused_at)
    return AccountHealth(found.account, breaker, hint, since, tuple(settings), here, deserted)


def _in_use(found: _Found, pulse: int) -> set[str]:
    """Those that workers had when the last of them looked."""
    return {one for one, at in found.used_at.items() if at >= pulse - _IN_USE_MS}


def _unnoted(account: Account, settings: list[SettingsHealth]) -> list[SettingsHealth]:
    """What counts where no worker with the account notes its settings: of an older version, or just started."""
    return [one for one in settings if one.fingerprint == account.fingerprint] or settings


def _here(account: Account, in_use: set[str]) -> SettingsHere:
    if not account.known:
        return "missing"
    return "same" if account.fingerprint in in_use else "other"


def _worst(counts: list[SettingsHealth]) -> tuple[str, str | None, int]:
    """The state, hint and since when of the worst; says how many share it where not all do."""
    if not counts:
        return "closed", None, 0
    worst = min(counts, key=lambda one: _WORST_FIRST.index(one.breaker))
    alike = [one for one in counts if one.breaker == worst.breaker]
    hint = worst.hint
    if hint and len(alike) < len(counts):
        hint += f" (under {len(alike)} of the {len(counts)} settings in use: {', '.join(o.fingerprint for o in alike)})"
    return worst.breaker, hint, worst.since


def _of_settings(
    found: _Found, fingerprint: str, values: list[str | None], *, in_use: bool, offset: int
) -> SettingsHealth:
    state, relapse, proven, since, why = values
    breaker = "half-open" if relapse == "1" and state == "ramping" else "closed"
    hint = None
    if state == "open":
        begun = datetime.fromtimestamp(int(since or 0) / 1000, UTC)
        never = PARTNERS[found.account.partner].never_answered
        known = f"failing since {begun:%Y-%m-%d %H:%M} UTC" if proven else never
        breaker, hint = "open", known + (f" ({why})" if why else "")
    elif state == "refused":
        breaker, hint = "refused", "the partner refuses the account's key: mend it, then restart or `redeem resume`"
    at = found.used_at.get(fingerprint)
    used_at = datetime.fromtimestamp((at - offset) / 1000, UTC) if at is not None else None
    return SettingsHealth(fingerprint, breaker, in_use, used_at, int(since or 0), hint)


def _pause(fields: Mapping[str, str]) -> str:
    since = datetime.fromtimestamp(int(fields["paused_at"]) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    by, why = fields.get("paused_by"), fields.get("paused_why")
    return f"paused since {since}" + (f" by {by}" if by else "") + (f": {why}" if why else "")
