"""The ledger's transitions for one process: each is one atomic script. Nothing here knows HTTP or Celery."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from redis import Redis

from tasks.errors import AccountRefused, PermanentError, RedemptionError, TransientError
from tasks.ledger.answers import Claim, Recorded, Resumed, Woken
from tasks.ledger.books import LedgerBooks
from tasks.ledger.limits import LedgerLimits
from tasks.ledger.opening import Account, Opened, Opening, Planned
from tasks.ledger.record import Record, State
from tasks.partners.base import Receipt
from tasks.persistence import classified

RING_AGAIN: Final = 10.0
"""Seconds until a doorbell that nobody answered is rung again (twice, then three times that later on)."""
CRASHES_ALLOWED: Final = 5
"""Leases that may run out in a row before a redemption counts as one that kills its workers."""
_SAME_LOOK: Final = 20  # ms by which one waker's two looks may lie apart by one clock and not by the other
_SHORT_QUEUE: Final = 1000  # below this many waiting messages a doorbell unheard is more likely lost than in line


class Ledger(LedgerBooks):
    """All redemptions under one key prefix. Safe to share between threads.

    Every method may raise redis.RedisError, and then it is open whether the transition happened: calling again is
    always right, for a transition that happened already answers so.
    """

    def __init__(
        self, redis: Redis, key_prefix: str, limits: LedgerLimits, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(redis, key_prefix)
        self.limits = limits
        self._clock = clock  # seconds; never set, so that leaps of the server's clock show
        self._looked_at: float | None = None
        self._seen = 0  # the ledger's own time at that look, in ms

    def open(self, planned: Sequence[Planned]) -> list[Opened]:
        """Open redemptions, all or none, and ring for the new ones; of a known one the first content stays."""
        return self.open_prepared(Opening(planned))

    def open_prepared(self, opening: Opening) -> list[Opened]:
        """The same of what is worked out already."""
        if not opening.planned:
            return []
        return opening.opened(*self._run("open", _ms(RING_AGAIN), self._keep, opening.text))

    @classified()
    def confirm_written(self) -> None:
        """Ask whether Redis has been able to write to its file what it said yes to before.

        It says yes also to the command in whose moment its disk fills up, and tells with the next; a PING is enough.
        Raises redis.RedisError.
        """
        self._scripts.ping()

    def claim(self, redemption_id: str, account: Account, *, owner: str, lease: float) -> Claim:
        """Claim a redemption for one attempt of at most `lease` seconds; the attempt is counted now."""
        status, *rest = self._run(
            "claim", redemption_id, account.fingerprint, owner, _ms(lease), self._give_up, CRASHES_ALLOWED
        )
        record = Record(redemption_id, json.loads(rest[0])) if rest else None
        return Claim(status, owner, account, record)

    def release(self, redemption_id: str, claim: Claim) -> bool:
        """Give a claim back unsent; the attempt is not counted."""
        return bool(self._run("release", redemption_id, claim.account.fingerprint, claim.owner))

    def settle(
        self, redemption_id: str, claim: Claim, state: State, receipt: Receipt, entry: dict[str, Any]
    ) -> Recorded:
        """Record the partner's yes, `redeemed` or `presumed`: "settled", or "late" where it was settled already."""
        told = json.dumps({"status": receipt.status, **receipt.details}, ensure_ascii=False)
        arguments = (claim.account.fingerprint, claim.owner, state.value, told, json.dumps(entry), entry.get("ms", ""))
        return Recorded(*self._run("settle", redemption_id, *arguments, self._keep))

    def bury(self, redemption_id: str, claim: Claim, error: PermanentError, entry: dict[str, Any]) -> Recorded:
        """Make it a dead letter: "buried", or "late" where the claim is lost."""
        answered = "1" if error.status is not None else "0"
        arguments = (claim.account.fingerprint, claim.owner, error.reason, error.code or "", error.message)
        return Recorded(*self._run("bury", redemption_id, *arguments, *_told(entry), self._keep, answered))

    def park(
        self,
        redemption_id: str,
        claim: Claim,
        error: TransientError | AccountRefused,
        delay: float,
        entry: dict[str, Any],
    ) -> Recorded:
        """Let it wait `delay` seconds for its next attempt: "parked", "gave_up", or "late" where the claim is lost."""
        refused = isinstance(error, AccountRefused)
        ambiguous = "1" if isinstance(error, TransientError) and error.ambiguous else "0"
        breaker = self.limits.breaker
        return Recorded(
            *self._run(
                "park",
                redemption_id,
                claim.account.fingerprint,
                claim.owner,
                _ms(delay),
                ambiguous,
                "refused" if refused else "transient",
                error.code or (str(error.status) if error.status is not None else ""),
                error.message,
                *_told(entry),
                self._give_up,
                self._keep,
                breaker.failures,
                _ms(breaker.probe_after),
                _ms(breaker.probe_cap),
            )
        )

    def defer(self, redemption_id: str, delay: float, error: RedemptionError) -> str:
        """Put off what this process has no account for: "deferred", "gave_up" or "settled"; no attempt is counted."""
        return str(self._run("defer", redemption_id, _ms(delay), error.message, self._give_up, self._keep))

    def wake(self, account: Account, *, limit: int, longest_lease: float) -> Woken:
        """Move an account's due wake-ups on, and ring.

        `longest_lease` is the longest of all partners', in seconds.
        """
        looks_at = self._clock()
        own_pause = -1 if self._looked_at is None else _ms(looks_at - self._looked_at)
        rung, given_up, next_due, accounts, looked_ago, seen = self._run(
            "wake",
            account.name,
            account.fingerprint,
            account.partner,  # its queue
            limit,
            _ms(RING_AGAIN),
            _SHORT_QUEUE,
            _ms(longest_lease),
            self._give_up,
            self._keep,
            "1" if account.known else "0",
            own_pause,
            self._seen,
        )
        self._looked_at, self._seen = looks_at, seen
        alone = looked_ago >= own_pause - _SAME_LOOK
        return Woken(rung, given_up, next_due / 1000 if next_due >= 0 else None, accounts, alone)

    def replay(self, redemption_id: str, account: Account, changes: dict[str, str], entry: dict[str, Any]) -> str:
        """Bring a dead letter back with some fields changed: "ring" (its doorbell rang), "rest", or "no" where it is no
        dead letter.
        """
        arguments = (account.fingerprint, _ms(RING_AGAIN), json.dumps(entry), json.dumps(changes))
        return str(self._run("replay", redemption_id, *arguments))

    def ring(self, redemption_id: str) -> bool:
        """Ring for a redemption, whatever its state; False where there is none."""
        return bool(self._run("ring", redemption_id))

    def discard(self, redemption_id: str, entry: dict[str, Any]) -> bool:
        """Close a dead letter for good; False where it is none."""
        return str(self._run("discard", redemption_id, json.dumps(entry), self._keep)) == "discarded"

    def keep(self, letter_id: str, fields: Mapping[str, str], raw: str, *, raw_for: float | None = None) -> bool:
        """Keep as a dead letter what is no redemption, and what came with it; False where that id is known.

        What came goes after `raw_for` seconds, if given; the letter stays.
        """
        until = "" if raw_for is None else _ms(raw_for)
        return bool(self._run("keep", letter_id, raw, until, *chain.from_iterable(fields.items())))

    def pause(self, account: Account, *, by: str = "", why: str = "") -> bool:
        """Open an account's breaker by hand; False where it was paused already. Who did it and why is kept with it."""
        return bool(self._run("pause", account.name, by, why))

    def resume(self, account: Account) -> Resumed:
        """Close an account's breaker, whatever opened it and under whichever settings."""
        paused, *shut = self._run("resume", account.name)
        return Resumed(paused == 1, dict(zip(shut[::2], shut[1::2], strict=True)))

    def hasten(self, redemption_id: str) -> bool:
        """Bring a retry forward to now; False where it does not wait for one."""
        return bool(self._run("hasten", redemption_id))

    def note(self, who: str, action: str, count: int, what: str) -> None:
        """Add an entry to the audit trail."""
        self._run("note", who, action, count, what, self._keep)

    def script(self, name: str, *arguments: str | int | bytes) -> Any:  # noqa: ANN401 - each script has its own shape
        """Run one of the scripts that are an erasure's or the watch's own. Raises redis.RedisError."""
        return self._run(name, *arguments)

    @property
    def _keep(self) -> int:
        return _ms(self.limits.keep)

    @property
    def _give_up(self) -> int:
        return _ms(self.limits.give_up_after)


def _told(entry: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The line of history of a call that was no yes, how it ended and how many milliseconds it took."""
    return json.dumps(entry), entry.get("outcome", "other"), entry.get("ms", "")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
