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
from tasks.partners import PARTNERS
from tasks.persistence import UNAVAILABLE
from tasks.redeeming import lease_for
from tasks.redemption_task import report_given_up
from tasks.runtime import Runtime, runtime_of
from worker.thread_step import ThreadStep
from worker.vital_signs import WAKER

_INTERVAL: Final = 0.1  # seconds between looks at the most; sooner where a wake-up is due sooner
_SHORTEST: Final = 0.01  # seconds; thousands of retries that are due one by one shall not keep it spinning
_PAUSE_AFTER_FAILURE: Final = 5.0  # seconds; a mistake of ours shall not flood the log
_BATCH: Final = 200  # wake-ups moved per account and look

log = structlog.get_logger("redeem.waker")


class Waker(ThreadStep):
    """Runs `look` again and again."""

    thread_name = "waker"
    parting = 10.0

    @override
    def run(self, app: Any) -> None:
        away, pause = False, _INTERVAL
        while not self.stopping.wait(pause):
            pause = _INTERVAL
            app.signs.mark(WAKER)
            try:
                pause = look(app, runtime_of(app))
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


def look(app: Any, runtime: Runtime) -> float:  # noqa: ANN401 - the Celery app
    """Ring for everything that is due now, one batch per account; returns the seconds until it is worth another look.

    Raises redis.RedisError.
    """
    pause = _INTERVAL
    ledger = runtime.ledger
    longest = max(lease_for(runtime.settings.endpoint(partner).read_timeout) for partner in PARTNERS)
    for name in sorted(ledger.accounts()):
        partner, shop = Account.parts(name)
        if partner not in PARTNERS:
            continue  # nobody's, or a newer version's: there is no doorbell that this one could ring
        account = account_of(runtime.settings, partner, shop)[0]
        woken = ledger.wake(account, limit=_BATCH, longest_lease=longest)
        if woken.next_due is not None:
            pause = max(_SHORTEST, min(pause, woken.next_due))
        for redemption_id in woken.given_up:
            log.warning("redemption.gave_up", id=redemption_id, partner=partner, shop=shop)
        if woken.given_up:
            report_given_up(app, ledger.find_all(woken.given_up, ("state", "partner", "reason", "error_message")))
    return pause
