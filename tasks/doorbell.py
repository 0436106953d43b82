"""Ringing a partner's doorbell: a message that says "look at this redemption", and holds nothing but its id.

Best effort by design. A ring that is lost is repeated by the waker, one too many falls out at the claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from celery import Celery
from kombu import exceptions
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
        _send(app, partner, redemption_id, retries=attempts)
    except OperationalError as error:
        log.warning("doorbell.unheard", id=redemption_id, error=str(error))
        return False
    return True


def ring_all(app: Celery, doorbells: Sequence[tuple[str, str]]) -> bool:
    """Ring for several, each a partner and an id, in one round trip: half the work of one by one. Otherwise as `ring`.

    Where that fails nobody knows which were heard: then each is rung by itself, until one is not.
    """
    if len(doorbells) > 1:
        try:
            with app.producer_or_acquire() as producer, producer.batch():
                for partner, redemption_id in doorbells:
                    _send(app, partner, redemption_id, producer=producer)
        except (exceptions.BatchPublishError, OperationalError) as error:  # type: ignore[attr-defined]  # newer than the stubs
            log.info("doorbell.batch_failed", doorbells=len(doorbells), error=str(error))
        else:
            return True
    return all(ring(app, partner, redemption_id) for partner, redemption_id in doorbells)


def _send(app: Celery, partner: str, redemption_id: str, **options: Any) -> None:  # noqa: ANN401 - send_task's own
    app.send_task(
        task_name(partner),
        (redemption_id,),
        queue=partner,
        task_id=task_id(redemption_id),
        retry=True,
        retry_policy=_ONCE_MORE,
        **options,
    )
