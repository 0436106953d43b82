"""Partners at their worst: every fault that the sandbox knows, mixed at random, and every refusal between them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.evidence import Fate
from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Traffic

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from tests.acceptance.campaigns.orders import Order
    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes

_WORKERS: Final = 2
_PATIENCE: Final = 60.0
_LONGEST_CALM: Final = 2.0  # seconds between two episodes
_EPISODE: Final = 1.0  # seconds that an outage lasts
_OFTEN: Final = (
    "500",
    "+500",
    "502",
    "+503",
    "504",
    "429@0",
    "429@1",
    "SLOW@0.2",
    "+SLOW@0.2",
    "HINTS",
    "HANGUP",
    "DRIP@0.0005",
)
_SELDOM: Final = (
    *("HANG", "+HANG", "DRIP@0.1", "RESET", "+RESET", "CLOSE", "+CLOSE", "GARBAGE", "+GARBAGE", "TRUNCATED"),
    *("+TRUNCATED", "EMPTY", "+EMPTY", "NOISE", "+NOISE", "HUGE@1", "+HUGE@1", "301", "+302", "307", "599", "+599"),
)
_MIX: Final = {**dict.fromkeys(_OFTEN, 0.012), **dict.fromkeys(_SELDOM, 0.006)}
"""A quarter of all calls: with much more the breakers let hardly anything through, and the campaign takes hours."""
_REFUSED: Final = {
    "uniqodo": ("EXPIRED", "UNKNOWN", "EXHAUSTED", "ODD", "ERR299", "EXPIRED+503x1"),
    "sovendus": ("400", "404", "422"),
}
"""By a word in the code; Sovendus has none, so its statuses are set as faults for these codes."""
_TAKEN: Final = ("REDEEMED", "LIMIT", "REDEEMED-429x1@0", "REDEEMED-503x1")
_MARKED: Final = ("-429x2@1", "-503x3+HANG", "+RESET-RESET", "+DRIP@0.2", "-307x2")
_STATUSES: Final = (200, 400, 409, 422, 500, 503)
"""Of Uniqodo's application errors; they are decided by their code."""


def partners(directory: Path, sizes: Sizes) -> Report:
    """Every fault a partner can have, at random, and now and then an outage or a refused key; no worker dies."""
    with Stage(directory, sizes) as stage:
        orders = make_orders(sizes.orders, stage.shops, sizes.seed, _spell)
        for refused in _refused_by_sovendus(orders):
            stage.partners.fail(refused[-3:], code=refused)
        stage.partners.mix(_MIX, sizes.seed)
        with stage.workers(_WORKERS) as supervisor:
            supervisor.until_all_ready()
            with Traffic(stage.system, orders, stage.share_of_faults) as traffic:
                _plague(stage)
                traffic.finish()
                stage.until_settled(traffic, _PATIENCE)
            shares = {worker.node: len(worker.entries("delivery.attempted")) for worker in supervisor.workers}
        stage.measured["attempts by worker"] = shares
        met = Counter(call.fault for call in stage.partners.calls() if call.fault)
        stage.faults.update({str(fault): count for fault, count in sorted(met.items())})
        return stage.report("partners", traffic)


def _plague(stage: Stage) -> None:
    for _ in range(stage.sizes.faults):
        time.sleep(stage.chance.uniform(0, _LONGEST_CALM))
        stage.partners.configure(
            error_status=stage.chance.choice(_STATUSES), error_code_as_text=stage.chance.random() < 0.5
        )
        episode = stage.chance.choice((_outage, _everything_hangs, _refused_key))
        episode(stage)
        stage.faults[episode.__name__.strip("_").replace("_", " ")] += 1


def _spell(stem: str, partner: str, chance: random.Random) -> tuple[str, Fate]:
    lot = chance.random()
    if lot < 0.05:
        return f"{stem}-{chance.choice(_REFUSED[partner])}", Fate.NO
    if lot < 0.08 and partner == "uniqodo":
        return f"{stem}-{chance.choice(_TAKEN)}", Fate.TAKEN
    return stem + (chance.choice(_MARKED) if lot > 0.95 else ""), Fate.YES


def _refused_by_sovendus(orders: Sequence[Order]) -> list[str]:
    coupons = [coupon for one in orders for coupon in one.event["coupons"] if coupon["provenance"] == "sovendus"]
    return [coupon["code"] for coupon in coupons if coupon["code"].endswith(_REFUSED["sovendus"])]


def _outage(stage: Stage) -> None:
    """Connections are refused, and those that were open end."""
    stage.partners.stop()
    time.sleep(_EPISODE)
    stage.partners.start()


def _everything_hangs(stage: Stage) -> None:
    shop = stage.chance.choice(stage.shops)
    account = stage.chance.choice((shop.number, shop.api_key))
    stage.partners.fail("+HANG" if stage.chance.random() < 0.5 else "HANG", account=account)
    time.sleep(_EPISODE)
    stage.partners.clear_faults(account=account)


def _refused_key(stage: Stage) -> None:
    """Until the partner has mended it, and an operator says so."""
    shop = stage.chance.choice(stage.shops)
    stage.partners.configure(accepted_keys=[other.api_key for other in stage.shops if other is not shop])
    time.sleep(_EPISODE)
    stage.partners.configure(accepted_keys=None)
    stage.system.redeem("resume", "--partner", "uniqodo", "--shop", shop.name)
