"""One task per partner of the registry: `sovendus.redeem` on `sovendus`, `uniqodo.redeem` on `uniqodo`, and so on."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.doorbell import task_name
from tasks.outcomes import Again, Buried, Settled
from tasks.partners import PARTNERS
from tasks.redeeming import attempt
from tasks.redemption_task import RedemptionTask
from tasks.runtime import runtime_of


def _define(partner: str) -> Any:  # noqa: ANN401 - Celery's task object
    # acks_late: what a partner's queue has in hand is then what is in flight, which its lane's credit bounds.
    @shared_task(bind=True, base=RedemptionTask, name=task_name(partner), throws=(), acks_late=True)
    def redeem(self: RedemptionTask, redemption_id: str) -> str:
        result = attempt(runtime_of(self.app), partner, redemption_id)
        if isinstance(result, Again):
            self.retry(exc=result.error, countdown=result.delay, again=result)
        if isinstance(result, Buried):
            self.dead_letter(result.error)
        return result.state.value if isinstance(result, Settled) else f"nothing sent: {result.status}"

    return redeem


REDEEM = {partner: _define(partner) for partner in PARTNERS}
"""Partner → its task."""
