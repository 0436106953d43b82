"""Ringing a partner's doorbell: a message that says "look at this redemption", and holds nothing but its id.

Best effort by design. A ring that is lost is repeated by the waker, one too many falls out at the claim.
"""

from __future__ import annotations

from typing import Final

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from tasks.identity import task_id

log = structlog.get_logger("redeem.doorbell")

_NAME: Final = "{partner}.redeem"
# After a restart of the broker the pooled connection is dead, and the first try only finds that out.
_ONCE_MORE: Final = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def task_name(partner: str) -> str:
    """The task that redeems at that partner."""
    return _NAME.format(partner=partner)


def ring(app: Celery, partner: str, redemption_id: str, *, attempts: int = 0) -> bool:
    """Put the id onto the partner's queue; False (and a log line) where the broker did not take it.

    Always under the same Celery task id, so that Flower shows all attempts as one task; `attempts` made so far are
    its `retries` there.
    """
    try:
        app.send_task(
            task_name(partner),
            (redemption_id,),
            queue=partner,
            task_id=task_id(redemption_id),
            retries=attempts,
            retry=True,
            retry_policy=_ONCE_MORE,
        )
    except OperationalError as error:
        log.warning("doorbell.unheard", id=redemption_id, error=str(error))
        return False
    return True
