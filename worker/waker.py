"""The waker: in every worker, a thread that rings the doorbell of each redemption whose wake-up is due.

Any one waker suffices and all may run: the ring and the move to the next wake-up are one step in the ledger. It has a
thread of its own because Celery's timers stop while its consumer reconnects, which is when wake-ups matter.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from typing_extensions import override

from tasks.intake import account_of
from tasks.ledger import Account
from tasks.ledger.answers import Woken
from tasks.partners import PARTNERS
from tasks.persistence import UNAVAILABLE
from tasks.redeeming import lease_for
from tasks.redemption_task import report_given_up
from tasks.runtime import Runtime, runtime_of
from worker.thread_step import ThreadStep
from worker.vital_signs import WAKER

_INTERVAL: Final = 0.1  # seconds between looks at the most; sooner where a wake-up is due sooner
_AMONG_OTHERS: Final = 0.3  # likewise, while others look too: together they look as often as one alone
_SHORTEST: Final = 0.01  # seconds; thousands of retries that are due one by one shall not keep it spinning
_PAUSE_AFTER_FAILURE: Final = 5.0  # seconds; a mistake of ours shall not flood the log
_BATCH: Final = 200  # wake-ups moved per account and look

log = structlog.get_logger("redeem.waker")


class Waker(ThreadStep):
    """Makes its rounds again and again."""

    thread_name = "waker"
    parting = 10.0

    @override
    def run(self, app: Any) -> None:
        rounds = Rounds(app, runtime_of(app))
        away, pause = False, _INTERVAL
        while not self.stopping.wait(pause):
            pause = _INTERVAL
            app.signs.mark(WAKER)
            try:
                pause = rounds.look()
            except UNAVAILABLE as error:
                if not away:
                    log.warning("waker.broker_away", error=str(error))
                away = True
            except Exception:
                # The last line of defence: a waker that dies silently would strand everything that waits.
                log.exception("waker.failed")
                self.stopping.wait(_PAUSE_AFTER_FAILURE)
            else:
                if away:
                    log.info("waker.broker_back")
                away = False


class Rounds:
    """One waker's looks. What accounts there are it asks only when their number has changed."""

    def __init__(self, app: Any, runtime: Runtime) -> None:  # noqa: ANN401 - the Celery app
        self._app = app
        self._ledger = runtime.ledger
        self._settings = runtime.settings
        self._longest_lease = max(lease_for(self._settings.endpoint(name).read_timeout) for name in PARTNERS)
        self._names: set[str] = set()
        self._up_to_date = False

    def look(self) -> float:
        """Ring for everything that is due now, one batch per account; returns the seconds until another look is due.

        Raises redis.RedisError.
        """
        if not self._up_to_date:
            self._names = self._ledger.accounts()
        woken = [self._wake(name) for name in sorted(self._names) if Account.parts(name)[0] in PARTNERS]
        # Where there is none to look at, nobody tells of a new one either.
        self._up_to_date = woken != [] and all(one.accounts == len(self._names) for one in woken)
        soonest = min((one.next_due for one in woken if one.next_due is not None), default=_AMONG_OTHERS)
        longest = _INTERVAL if all(one.alone for one in woken) else _AMONG_OTHERS
        return max(_SHORTEST, min(longest, soonest))

    def _wake(self, name: str) -> Woken:
        partner, shop = Account.parts(name)
        account = account_of(self._settings, partner, shop)[0]
        woken = self._ledger.wake(account, limit=_BATCH, longest_lease=self._longest_lease)
        for redemption_id in woken.given_up:
            log.warning("redemption.gave_up", id=redemption_id, partner=partner, shop=shop)
        if woken.given_up:
            wanted = ("state", "partner", "reason", "error_message")
            report_given_up(self._app, self._ledger.find_all(woken.given_up, wanted))
        return woken
