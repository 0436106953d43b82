"""A ledger record as Python sees it, and the JSON that commands print of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from json.encoder import encode_basestring as _quoted
from typing import Any, Final

from tasks.redemption import Redemption

SCHEMA_VERSION: Final = "1"
"""Written on every record, so that workers of neighbouring versions can tell what they read."""

JSON_FIELDS: Final = (
    "state", "partner", "shop", "order_id", "code", "attempts", "order_value", "currency", "completed_at",
    "reported_at", "reason", "error_code", "error_message", "receipt", "raw_as",
)  # fmt: skip
"""What `Record.to_json` looks at, for those who fetch no more."""


class State(StrEnum):
    """A redemption's states."""

    QUEUED = "queued"
    SENDING = "sending"
    RETRYING = "retrying"
    REDEEMED = "redeemed"
    PRESUMED = "presumed"
    DEAD = "dead"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Record:
    """One redemption, or one dead letter that is none: a bad message, an invalid event."""

    id: str
    fields: Mapping[str, str]
    """The record's hash as it stands in Redis; times are milliseconds since the epoch."""

    @property
    def state(self) -> State:
        """Where in its life it is."""
        return State(self.fields["state"])

    @property
    def partner(self) -> str:
        """The partner's name; empty for a dead letter that is no redemption."""
        return self.fields.get("partner", "")

    @property
    def shop(self) -> str:
        """The shop's name."""
        return self.fields.get("shop", "")

    @property
    def account(self) -> str:
        """The account its health is kept under."""
        return self.fields.get("account", "")

    @property
    def order_id(self) -> str:
        """The order's number."""
        return self.fields.get("order_id", "")

    @property
    def code(self) -> str:
        """The code, spelled as it came."""
        return self.fields.get("code", "")

    @property
    def attempts(self) -> int:
        """Calls made, over all replays."""
        return int(self.fields.get("attempts", "0"))

    @property
    def tries(self) -> int:
        """Calls made since acceptance or the last replay: what the backoff grows by."""
        return int(self.fields.get("tries", "0"))

    @property
    def ambiguous(self) -> bool:
        """Whether an earlier attempt may have gone through."""
        return self.fields.get("ambiguous") == "1"

    @property
    def test(self) -> bool:
        """Everything but the partner call; out of reports and money."""
        return self.fields.get("test") == "1"

    @property
    def is_redemption(self) -> bool:
        """False for a dead letter that is a bad message or an invalid event."""
        return "raw_as" not in self.fields

    @property
    def reason(self) -> str | None:
        """Why it is a dead letter."""
        return self.fields.get("reason") or None

    @property
    def order_value(self) -> Decimal | None:
        """Net of VAT and shipping."""
        return _decimal(self.fields.get("order_value"))

    def moment(self, name: str) -> datetime | None:
        """The time under a field, UTC."""
        value = self.fields.get(name)
        return datetime.fromtimestamp(int(value) / 1000, UTC) if value else None

    def history(self) -> list[dict[str, Any]]:
        """All that happened to it, oldest first; `at` as ISO 8601."""
        entries = [json.loads(line) for line in self.fields.get("history", "").splitlines()]
        return [entry | {"at": _iso(datetime.fromtimestamp(entry["at"] / 1000, UTC))} for entry in entries]

    def redemption(self) -> Redemption:
        """What to report. Personal fields are gone once it is settled."""
        details = json.loads(self.fields.get("details") or "{}")
        personal = json.loads(self.fields.get("personal") or "{}")
        return Redemption(
            id=self.id,
            partner=self.partner,
            shop=self.shop,
            order_id=self.order_id,
            code=self.code,
            order_value=self.order_value,
            currency=self.fields.get("currency") or None,
            completed_at=datetime.fromisoformat(self.fields["completed_at"]),
            discount=_decimal(self.fields.get("discount")),
            source=details.get("source"),
            params=tuple(details.get("params", ())),
            provenance=details.get("provenance"),
            validation_key=personal.get("validation_key"),
            email_hash=personal.get("email_hash"),
            customer_id=personal.get("customer_id"),
            test=self.test,
        )

    def to_json(self) -> dict[str, Any]:
        """The contract's fields, None where there is nothing; no personal data."""
        known = self.fields
        reported_at = self.moment("reported_at")
        return {
            "id": self.id,
            "partner": self.partner or None,
            "shop": self.shop or None,
            "order_id": self.order_id or None,
            "code": self.code or None,
            "state": self.state.value,
            "attempts": self.attempts,
            "order_value": known.get("order_value") or None,
            "currency": known.get("currency") or None,
            "completed_at": known.get("completed_at") or None,
            "reported_at": _iso(reported_at) if reported_at else None,
            "reason": self.reason,
            "error_code": known.get("error_code") or None,
            "error_message": known.get("error_message") or None,
            "receipt": json.loads(known["receipt"]) if known.get("receipt") else None,
        }


def redemption_fields(redemption: Redemption) -> dict[str, str]:
    """The hash fields that hold a redemption; absent where it has nothing."""
    fields = {
        "v": SCHEMA_VERSION,
        "partner": redemption.partner,
        "shop": redemption.shop,
        "order_id": redemption.order_id,
        "code": redemption.code,
        "completed_at": _iso(redemption.completed_at),
    }
    if redemption.order_value is not None:
        fields["order_value"] = str(redemption.order_value)
    if redemption.currency is not None:
        fields["currency"] = redemption.currency
    if redemption.discount is not None:
        fields["discount"] = str(redemption.discount)
    details, personal = _details(redemption), _personal(redemption)
    if details:
        fields["details"] = "{" + ",".join(details) + "}"
    if personal:
        fields["personal"] = "{" + ",".join(personal) + "}"
    if redemption.test:
        fields["test"] = "1"
    return fields


# Written by hand, since every order has some: an encoder costs more than all the rest of a record.
def _details(redemption: Redemption) -> list[str]:
    members = []
    if redemption.source is not None:
        members.append('"source":' + _quoted(redemption.source))
    if redemption.params:
        members.append('"params":[' + ",".join(map(_quoted, redemption.params)) + "]")
    if redemption.provenance is not None:
        members.append('"provenance":' + _quoted(redemption.provenance))
    return members


def _personal(redemption: Redemption) -> list[str]:
    members = []
    if redemption.validation_key is not None:
        members.append('"validation_key":' + _quoted(redemption.validation_key))
    if redemption.email_hash is not None:
        members.append('"email_hash":' + _quoted(redemption.email_hash))
    if redemption.customer_id is not None:
        members.append('"customer_id":' + _quoted(redemption.customer_id))
    return members


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat("T", "milliseconds")[:-6] + "Z"  # without +00:00
