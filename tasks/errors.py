"""Everything that can go wrong with a redemption, named by what happens next.

    RedemptionError
    ├── TransientError          tried again after a backoff
    │   ├── NotSent             the partner has seen nothing: connection refused, DNS, TLS, too late to send
    │   ├── Declined            the partner answered that it did nothing now: 429
    │   └── Unanswered          *ambiguous*: sent, and no readable answer came; the partner may have acted
    ├── AccountRefused          the account's key is wrong (Uniqodo 101): the account stops, its redemptions wait
    └── PermanentError          a dead letter; each carries the dead-letter reason
        ├── Rejected            the partner will never take it: `rejected`
        │   └── AlreadyRedeemed 201/210: after an ambiguous attempt of ours this means success (*presumed*)
        ├── Incomplete          a field the partner needs is absent: `incomplete`
        ├── MasterCode          the merchant's own trigger code: `master_code`
        ├── Unroutable          no account to send it with: `unroutable`
        ├── TooOld              older than the ledger remembers: `too_old`
        ├── GaveUp              transient for longer than `give_up_after`: `gave_up`
        └── Crashed             its worker died under it again and again: `crashed`

Texts are written for an operator and hold no secret, no URL and no personal data: they reach logs, dead letters,
Flower and Sentry as they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class RedemptionError(Exception):
    """Why a redemption is not done.

    `message` is for people; `code` is the partner's own error code, if it gave one; `status` the HTTP status, if any.
    """

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status

    def reword(self, clean: Callable[[str], str]) -> None:
        """Put the message through `clean`, which takes secrets out: a partner may repeat what it was sent."""
        self.message = clean(self.message)
        self.args = (self.message,)


class TransientError(RedemptionError):
    """Worth another attempt.

    `retry_after` is what the partner asked for, in seconds (RFC 9110 §10.2.3), or None.
    """

    ambiguous: ClassVar[bool] = False
    """Whether the partner may have acted on the attempt that failed."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status)
        self.retry_after = retry_after


class NotSent(TransientError):  # noqa: N818 - named by what happened, as operators say it
    """Nothing reached the partner."""


class Declined(TransientError):  # noqa: N818 - as above
    """The partner answered, and says that it did nothing for now."""


class Unanswered(TransientError):  # noqa: N818 - as above
    """The request went out and no readable answer came back: the partner may have acted."""

    ambiguous = True


class AccountRefused(RedemptionError):  # noqa: N818 - as above
    """The account, not the order, is at fault; nothing is burnt, everything of the account waits."""


class PermanentError(RedemptionError):
    """Never worth another attempt as it stands."""

    reason: ClassVar[str] = "rejected"
    """The dead letter's reason, one of the contract's names."""


class Rejected(PermanentError):  # noqa: N818 - as above
    """The partner's final no."""


class AlreadyRedeemed(Rejected):
    """The partner has a redemption of this code on its books; whose, only our own history can tell."""


class Incomplete(PermanentError):  # noqa: N818 - as above
    """A field that the partner or the shop's settings require is absent."""

    reason = "incomplete"


class MasterCode(PermanentError):  # noqa: N818 - as above
    """The merchant's master or trigger code; sending it would redeem nothing, or everything."""

    reason = "master_code"


class Unroutable(PermanentError):  # noqa: N818 - as above
    """No shop, or no account of the shop, to send it with."""

    reason = "unroutable"


class TooOld(PermanentError):  # noqa: N818 - as above
    """Placed before the time the ledger remembers, so a duplicate could not be told."""

    reason = "too_old"


class GaveUp(PermanentError):  # noqa: N818 - as above
    """Transient for longer than the settings allow; late reporting is for a person to decide."""

    reason = "gave_up"


class Crashed(PermanentError):  # noqa: N818 - as above
    """Its lease ran out several times in a row: it kills the workers that touch it."""

    reason = "crashed"
