"""What a person can do about a dead letter, in one place: by reason, partner and the partner's code. Pure.

`redeem show`, Flower's pages and whoever else tells of dead letters take them from here.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tasks.events import Coupon, OrderEvent
from tasks.partners.sovendus import Sovendus
from tasks.partners.uniqodo import Uniqodo


class Advice(NamedTuple):
    """What it means and what can be done, in sentences; and the command that does it, with ID for the letter's own."""

    text: str
    command: str


_REPLAY: Final = "redeem dead replay ID"
_DISCARD: Final = "redeem dead discard ID"

_FIELDS: Final = OrderEvent.model_fields.keys() | Coupon.model_fields.keys()
_MISSING: Final = re.compile(r"(\w+) is missing")
_AT_FAULT: Final = re.compile(r"\$\.([\w.\[\]]+):")

_REJECTED: Final[dict[tuple[str, str], Advice]] = {
    (Uniqodo.name, "201"): Advice(
        "The code had been redeemed before we sent it. Nothing is left to report: look in Uniqodo's statement for this "
        "order; if another one has it, somebody used the code twice. Then discard it.",
        _DISCARD,
    ),
    (Uniqodo.name, "202"): Advice(
        "The offer had ended when the report came. Only Uniqodo can prolong it: replay once they have, else discard.",
        _DISCARD,
    ),
    (Uniqodo.name, "204"): Advice(
        "Uniqodo does not know this code: nothing to mend at the partner. If it was mistyped, replay it with the right "
        "one; if another partner issued it, with that provenance; else discard. If all of a shop's fail, look at its "
        "MERCHANT_ID.",
        f"{_REPLAY} --set code=…",
    ),
    (Uniqodo.name, "206"): Advice("The offer has no codes left: replay once Uniqodo has added some.", _REPLAY),
    (Uniqodo.name, "210"): Advice(
        "The code was used as often as it may be: nothing is left to report. Look in their statement, then discard.",
        _DISCARD,
    ),
    (Sovendus.name, "422"): Advice(
        "Sovendus says that a field is wrong, not which: compare code, value, currency and the shop's "
        "TRAFFIC_MEDIUM_PUBLIC_ID with their documentation, and replay with what was wrong set right.",
        f"{_REPLAY} --set FIELD=VALUE",
    ),
    (Sovendus.name, ""): Advice(
        "The shop's TRAFFIC_SOURCE_NUMBER is malformed, so all of its reports fail: mend the setting, restart the "
        "workers, and replay them all.",
        f"redeem dead replay --partner {Sovendus.name} --reason rejected",
    ),
}

_BY_REASON: Final[dict[str, Advice]] = {
    "rejected": Advice(
        "The partner's final no. Replay it only once what the text names is mended, there or here; else discard.",
        _REPLAY,
    ),
    "incomplete": Advice(
        "The partner needs what the text names. If the order has it, replay with it set; if the shop's settings ask "
        "for too much, mend them, restart the workers, and replay.",
        f"{_REPLAY} --set FIELD=VALUE",
    ),
    "unroutable": Advice(
        "The settings have no account to send it with: add the shop's account with that partner, or a rule for such "
        "codes, restart the workers, and replay: it is routed anew. If it stands under a wrong shop, set that right.",
        f"{_REPLAY} --set shop=…",
    ),
    "master_code": Advice(
        "The merchant's own code, which must never be reported. If the shop sent it in place of the customer's code, "
        "replay with that one; else discard.",
        f"{_REPLAY} --set code=…",
    ),
    "too_old": Advice(
        "Older than the ledger remembers, so it may have been reported before: look in the partner's statement. If it "
        "is not there, replay sends it; else discard.",
        _REPLAY,
    ),
    "gave_up": Advice(
        "The partner did not take it for as long as the settings allow. See with `redeem status` that the account is "
        "well again, then replay, all of them at once if there are more.",
        "redeem dead replay --reason gave_up",
    ),
    "crashed": Advice(
        "Workers died with it in hand, again and again. Look in their logs for why before replaying it, alone.",
        _REPLAY,
    ),
    "invalid_event": Advice(
        "Not as the event's schema (`redeem schema`) says; the text names each field. Best mended where it comes from, "
        "sent again, and discarded here; or replay with the fields set right.",
        f"{_REPLAY} --set FIELD=VALUE",
    ),
    "unreadable_message": Advice(
        "No message that could be an order. Find out who writes to the queue; if it held one, have it sent again. "
        "Then discard.",
        _DISCARD,
    ),
    "unknown_task": Advice(
        "A message for a task that no worker of ours runs. If it means a completed order, replay takes it for one; "
        "else discard, and mend the sender.",
        _REPLAY,
    ),
}
REASONS: Final = tuple(_BY_REASON)
"""Every reason for which there are dead letters."""

_KEY_REFUSED: Final = Advice(
    "The account's key was refused until it was given up. Mend the shop's API_KEY, restart the workers, see with "
    "`redeem status` that the account is well, then replay.",
    "redeem dead replay --reason gave_up",
)


def advise(reason: str | None, partner: str = "", code: str | None = None, text: str = "") -> Advice | None:
    """What can be done about a letter with this reason, partner, partner's error code and text; None for no letter."""
    if reason == "rejected":
        return _REJECTED.get((partner, code or ""), _BY_REASON[reason])
    if reason == "gave_up" and code == "101":
        return _KEY_REFUSED
    advice = _BY_REASON.get(reason or "")
    if advice is None or "FIELD=VALUE" not in advice.command or not (fields := _fields(text)):
        return advice
    options = " ".join(f"--set {field}=…" for field in fields)
    return advice._replace(command=f"{_REPLAY} {options}")


def _fields(text: str) -> list[str]:
    """The fields at fault, as `--set` names them."""
    if found := _MISSING.match(text):
        name = found[1]
        # A value without its currency is no valid event; and what is no field is a setting.
        return ["order_value", "currency"] if name == "order_value" else [name] if name in _FIELDS else []
    return list(dict.fromkeys(_AT_FAULT.findall(text)))
