"""One attempt at a redemption: claim, call, and what to make of the answer. The heart of the worker.

The order of things is what the guarantees rest on. The claim counts the attempt before the call, so that a crash
between them is seen as an attempt that may have gone through. A call begins only with enough of the lease left for
its whole deadline. And once the partner has said yes, recording that is tried until it succeeds: giving up would mean
sending again.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from tasks.backoff import delay_before_retry
from tasks.errors import (
    AccountRefused,
    AlreadyRedeemed,
    Crashed,
    GaveUp,
    PermanentError,
    RedemptionError,
    TransientError,
    Unroutable,
)
from tasks.identity import partner_of, shop_of
from tasks.intake import account_of
from tasks.ledger import Account, Claim, Record, Recorded, State
from tasks.outcomes import Again, Buried, Nothing, Result, Settled
from tasks.partners import PARTNERS
from tasks.partners.base import Receipt, check_whose
from tasks.persistence import UNAVAILABLE, until_recorded
from tasks.plain_text import without
from tasks.redemption import Redemption
from tasks.runtime import Runtime

_UNKNOWN_ACCOUNT_DELAY: Final = 60.0  # seconds; during a deploy another worker may know the account
_PATIENCE_WITH_CLAIM: Final = 10.0  # seconds; an unanswered claim that took effect is better repeated than waited out


def lease_for(call_timeout: float) -> float:
    """Seconds a claim is held for a call of at most `call_timeout`: the call, and time to record what came of it."""
    return call_timeout * 1.5 + 5.0


def attempt(runtime: Runtime, partner: str, redemption_id: str) -> Result:
    """Claim a redemption, make its call, and record the outcome, unless that is to try again."""
    if partner_of(redemption_id) != partner:
        return Nothing("misdirected")  # no doorbell of ours; claiming it would call with another partner's account
    shop = shop_of(redemption_id)
    account, account_settings = account_of(runtime.settings, partner, shop)
    if account_settings is None:
        error = Unroutable(f'this worker\'s settings have no {partner} account for shop "{shop}"')
        return _put_off(runtime, redemption_id, _UNKNOWN_ACCOUNT_DELAY, error)
    return _claimed_attempt(runtime, redemption_id, account, account_settings)


def _put_off(runtime: Runtime, redemption_id: str, delay: float, reason: RedemptionError) -> Nothing | Buried:
    try:
        status = runtime.ledger.defer(redemption_id, delay, reason)
    except UNAVAILABLE as error:
        return _left_alone(runtime, redemption_id, error)
    return Buried(GaveUp(reason.message)) if status == "gave_up" else Nothing(status)


def _left_alone(runtime: Runtime, redemption_id: str, error: Exception) -> Nothing:
    """The broker is away; nothing is lost, for the wake-up stands."""
    runtime.log.warning("delivery.unclaimed", id=redemption_id, error=str(error))
    return Nothing("unavailable")


def _claimed_attempt(runtime: Runtime, redemption_id: str, account: Account, account_settings: Any) -> Result:  # noqa: ANN401 - each partner has its own model
    try:
        claim, lease_ends = _claim(runtime, redemption_id, account)
    except UNAVAILABLE as error:
        return _left_alone(runtime, redemption_id, error)
    if claim.record is None:
        return Nothing(claim.status)
    return _Attempt(runtime, claim, claim.record, lease_ends).run(account_settings)


def _claim(runtime: Runtime, redemption_id: str, account: Account) -> tuple[Claim, float]:
    """The claim, and until when it holds on the monotonic clock."""
    owner, lease = uuid.uuid4().hex, lease_for(runtime.client(account.partner).call_timeout)

    def claim() -> tuple[Claim, float]:
        began = time.monotonic()  # before the claim, so the lease ends here no later than in the ledger
        return runtime.ledger.claim(redemption_id, account, owner=owner, lease=lease), began + lease

    return until_recorded(claim, what=redemption_id, limit=_PATIENCE_WITH_CLAIM)


def park(runtime: Runtime, again: Again) -> str:
    """Record a failed attempt and its next wake-up: "parked", "gave_up" or "late"."""
    ledger = runtime.ledger
    recorded = until_recorded(
        lambda: ledger.park(again.redemption_id, again.claim, again.error, again.delay, again.entry),
        what=again.redemption_id,
    )
    log_breaker(runtime, again.claim.account, recorded, again.error)
    return recorded.result


def log_breaker(runtime: Runtime, account: Account, recorded: Recorded, error: RedemptionError | None = None) -> None:
    """Tell when recording an attempt opened or closed its account's breaker."""
    if recorded.breaker:
        wide = {"partner": account.partner, "shop": account.shop}
        tell = runtime.log.warning if recorded.breaker in ("opened", "refused") else runtime.log.info
        tell(f"breaker.{recorded.breaker}", **wide, **({"error": error.message} if error else {}))


class _Attempt:
    """One claimed redemption on its way."""

    def __init__(self, runtime: Runtime, claim: Claim, record: Record, lease_ends: float) -> None:
        self.runtime = runtime
        self.claim = claim
        self.record = record
        self.lease_ends = lease_ends
        self.started = time.monotonic()

    def run(self, account_settings: Any) -> Result:  # noqa: ANN401 - each partner has its own model
        if self.claim.status != "claimed":
            return self._bury(self._never_again())
        if self.lease_ends - time.monotonic() < self.runtime.client(self.record.partner).call_timeout:
            # Recorded by all means: a lease that runs out would count as an attempt that may have gone through.
            until_recorded(lambda: self.runtime.ledger.release(self.record.id, self.claim), what=self.record.id)
            return Nothing("released")
        try:
            receipt = self._call(account_settings)
        except AlreadyRedeemed as error:
            # After an attempt whose answer was lost, "already redeemed" is that attempt's yes.
            return self._presume(error) if self.record.ambiguous else self._bury(error)
        except PermanentError as error:
            return self._bury(error)
        except (TransientError, AccountRefused) as error:
            return self._again(error)
        return self._settle(State.REDEEMED, receipt)

    def _never_again(self) -> PermanentError:
        if self.claim.status == "crashed":
            return Crashed("its lease ran out several times in a row: it seems to kill its workers")
        last = self.record.fields.get("error_message")
        return GaveUp("waited longer than REDEEM_RETRY__GIVE_UP_AFTER" + (f": {last}" if last else ""))

    def _presume(self, error: AlreadyRedeemed) -> Result:
        return self._settle(State.PRESUMED, Receipt(error.status or 0, {"presumed": error.message}))

    def _call(self, account_settings: Any) -> Receipt:  # noqa: ANN401 - as above
        redemption = self.record.redemption()
        partner = PARTNERS[redemption.partner]
        partner.require(redemption, account_settings)
        if redemption.test:
            return Receipt(0, {"test": "no call was made"})
        request = partner.request(redemption, account_settings)
        answer = self.runtime.client(redemption.partner).send(request, not_after=self.lease_ends)
        clean = self._cleaner(redemption)
        try:
            receipt = partner.read(answer)
            check_whose(receipt, redemption)
        except RedemptionError as error:
            error.reword(clean)
            raise
        return Receipt(receipt.status, {name: clean(text) for name, text in receipt.details.items()})

    def _cleaner(self, sent: Redemption) -> Callable[[str], str]:
        """Takes secrets out of what a partner wrote, and what it was told of the customer, which it may repeat."""
        personal = (sent.email_hash, sent.customer_id, sent.validation_key)
        return lambda text: self.runtime.redactor.text(without(text, personal))

    def _settle(self, state: State, receipt: Receipt) -> Result:
        entry = self._entry(state.value, receipt.status)
        ledger = self.runtime.ledger
        recorded = until_recorded(
            lambda: ledger.settle(self.record.id, self.claim, state, receipt, entry), what=self.record.id
        )
        self._log(entry | {"receipt": receipt.details})
        log_breaker(self.runtime, self.claim.account, recorded)
        return Settled(state) if recorded.result == "settled" else Nothing(recorded.result)

    def _bury(self, error: PermanentError) -> Result:
        entry = self._entry("dead", error.status, error) | {"reason": error.reason}
        ledger = self.runtime.ledger
        recorded = until_recorded(lambda: ledger.bury(self.record.id, self.claim, error, entry), what=self.record.id)
        self._log(entry)
        log_breaker(self.runtime, self.claim.account, recorded)
        return Buried(error) if recorded.result == "buried" else Nothing(recorded.result)

    def _again(self, error: TransientError | AccountRefused) -> Again:
        retry, tries = self.runtime.settings.retry, max(1, self.record.tries)
        delay = 0.0
        if isinstance(error, TransientError):
            share = random.random()  # noqa: S311 - spreads load, guards nothing
            delay = delay_before_retry(
                tries, base=retry.base, cap=retry.cap, share=share, retry_after=error.retry_after
            )
        outcome = "transient" if isinstance(error, TransientError) else "account_refused"
        entry = self._entry(outcome, error.status, error)
        if isinstance(error, TransientError):
            entry |= {"ambiguous": error.ambiguous, "next_delay_s": round(delay, 3)}
        self._log(entry)
        return Again(self.record.id, self.claim, error, delay, entry)

    def _entry(self, outcome: str, status: int | None, error: RedemptionError | None = None) -> dict[str, Any]:
        told = {"code": error.code, "error": error.message} if error else {}
        found = {"attempt": self.record.attempts, "outcome": outcome, "status": status, "ms": self._ms(), **told}
        return {name: value for name, value in found.items() if value is not None}

    def _ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    def _log(self, entry: dict[str, Any]) -> None:
        wide = {"id": self.record.id, "partner": self.record.partner, "shop": self.record.shop}
        self.runtime.log.info("delivery.attempted", **wide, **entry)
