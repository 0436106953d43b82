"""What every partner is: it says what a redemption lacks, puts it on the wire, and reads the answer. All pure.

A partner is one subclass in one file and one line in the registry (`tasks.partners`). Its account model is what a
shop configures under `REDEEM_SHOPS__<SHOP>__<PARTNER>__…`.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import unquote, unquote_plus

from pydantic import SecretStr

from config.accounts import AccountSettings, PartnerSpec
from tasks.errors import Declined, Unanswered
from tasks.messages.strict_json import DEEPEST, nests_deeper
from tasks.plain_text import readable
from tasks.redemption import Redemption

A = TypeVar("A", bound=AccountSettings)

_TOO_MANY_REQUESTS = 429
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True)
class Request:
    """One HTTP request, exactly as it goes out; `target` is appended to the partner's base URL.

    `target` and `body` may hold secrets and personal data: neither is ever part of a text.
    """

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back: status, body (bounded, complete) and how long the partner asked us to wait, in seconds."""

    status: int
    body: bytes = field(repr=False)
    retry_after: float | None = None


@dataclass(frozen=True)
class Receipt:
    """The partner's yes: its HTTP status and what it gave to hold on to, free of secrets and personal data.

    `order_id` and `code` are whose yes it is, as the partner repeats them; None where it does not.
    """

    status: int
    details: dict[str, str] = field(default_factory=dict)
    order_id: object = field(default=None, repr=False, compare=False)
    code: object = field(default=None, repr=False, compare=False)


class Partner(ABC, Generic[A]):
    """One network's redemption API."""

    name: ClassVar[str]
    base_url: ClassVar[str]
    account_model: type[A]
    never_answered: ClassVar[str] = "an outage, or wrong settings: this account has never had a yes"
    """What an operator should think of when a breaker is open that never saw a success."""

    @abstractmethod
    def require(self, redemption: Redemption, account: A) -> None:
        """Check that the redemption has all the partner needs.

        Raises Incomplete, which names the field.
        """

    @abstractmethod
    def request(self, redemption: Redemption, account: A) -> Request:
        """The call that reports a complete redemption."""

    @abstractmethod
    def read(self, answer: Answer) -> Receipt:
        """Classify the partner's answer.

        Raises the RedemptionError that says what happens next.
        """

    def minimise(self, redemption: Redemption, account: A) -> Redemption:
        """The redemption without the personal data that this account does not send."""
        del account  # most partners' needs do not hang on the account
        return redemption.without_customer_id()

    def remark(self, redemption: Redemption) -> str | None:
        """What the record of a complete redemption should say all the same; None for nothing."""
        del redemption
        return None  # most partners have nothing to remark

    def spec(self) -> PartnerSpec:
        """What the settings need to know."""
        return PartnerSpec(account=self.account_model, base_url=self.base_url)

    def fingerprint(self, account: A, base_url: str) -> str:
        """Name this account's settings without giving them away; health is kept per fingerprint.

        A hash keyed with the settings themselves: equal settings, equal name, and nothing to read back from it.
        """
        values = [base_url]
        for name, value in sorted(account):
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            values.append(f"{name}={plain}")
        return hashlib.blake2b("\n".join(values).encode(), digest_size=8).hexdigest()


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in an answer's body; None where there is none that can be read."""
    try:
        text = body.decode(json.detect_encoding(body))
        document = None if nests_deeper(text, DEEPEST) else json.loads(text)
    except ValueError:  # not JSON, not UTF-8, a number beyond Python's limits
        return None
    return document if isinstance(document, dict) else None


def check_whose(receipt: Receipt, redemption: Redemption) -> None:
    """Check that a yes is this redemption's, as far as the partner repeats what it was asked.

    Raises Unanswered where it names another order or code: an answer that was meant for somebody else says nothing of
    what became of this call.
    """
    asked = {"order_id": (receipt.order_id, redemption.order_id), "code": (receipt.code, redemption.code)}
    for name, (repeated, ours) in asked.items():
        if _is_another(repeated, ours):
            raise Unanswered(
                f"HTTP {receipt.status} with the answer to another call: its {name} is not ours", status=receipt.status
            )


def _is_another(repeated: object, ours: str) -> bool:
    """Whether what a partner repeats can only mean another than ours.

    Compared as identities are: trimmed, and whatever the case. A number may have lost its leading zeros, and a text may
    be encoded as it was in the URL, or for a page. What is left out, masked or of no form that can be compared is no
    other.
    """
    values = list(_values(repeated))
    return bool(values) and not any(_can_mean(value, ours) for value in values)


def _values(repeated: object) -> Iterator[str | float]:
    """What can be compared, however it is wrapped."""
    if isinstance(repeated, bool):
        return
    if isinstance(repeated, dict | list):
        for part in repeated.values() if isinstance(repeated, dict) else repeated:
            yield from _values(part)
    elif isinstance(repeated, str | int | float) and any(map(str.isalnum, str(repeated))):
        yield repeated


def _can_mean(repeated: str | float, ours: str) -> bool:
    text = str(repeated)
    spellings = (text, unquote(text), unquote_plus(text), unescape(text))
    if _comparable(ours) in map(_comparable, spellings):
        return True
    return not isinstance(repeated, str) and _same_number(repeated, ours)


def _comparable(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip().upper())


def _same_number(repeated: float, ours: str) -> bool:
    try:
        return float(repeated) == float(ours)
    except (ValueError, OverflowError):
        return False


def told(value: object) -> str:
    """What a partner wrote, as our texts and receipts may hold it: one short line without addresses and URLs."""
    return readable(str(value), _LONGEST_TEXT)


def read_transient_status(answer: Answer) -> None:
    """Raise what HTTP alone says: 429 did nothing, 5xx and 3xx leave open whether something was done."""
    if answer.status == _TOO_MANY_REQUESTS:
        raise Declined("HTTP 429: too many requests", status=429, retry_after=answer.retry_after)
    if answer.status >= 500 or 300 <= answer.status < 400:  # noqa: PLR2004 - the classes of RFC 9110 §15
        raise Unanswered(
            f"HTTP {answer.status}{_NAMES.get(answer.status, '')}",
            status=answer.status,
            retry_after=answer.retry_after,
        )


_NAMES = {500: ": internal error", 502: ": bad gateway", 503: ": service unavailable", 504: ": gateway timeout"}
