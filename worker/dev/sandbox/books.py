"""What the sandbox received and booked, so that a test can compare books to the cent and find doubles."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, Unpack
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping


class Where(TypedDict, total=False):
    """A filter on calls and redemptions; what is left out matches all, codes match case-insensitively."""

    partner: str
    account: str
    order_id: str
    code: str


@dataclass(slots=True)
class Call:
    """One request to a partner, entered on arrival; fault, commitment and status follow before its answer."""

    number: int
    arrived: float
    """`time.monotonic()`, in seconds; on Linux and macOS comparable between processes of one machine."""
    arrived_at: float
    """Seconds since the epoch."""
    client_port: int
    """Calls with the same one came over the same connection."""
    method: str
    path: str
    """The request target with its query, byte for byte as received (bytes above 127 as Latin-1)."""
    headers: dict[str, str]
    """By name as received; a repeated header's values are joined by a comma."""
    body: bytes
    partner: str | None = None
    """`sovendus`, `uniqodo`, or None where the request is neither's."""
    account: str | None = None
    """Traffic source number or API key."""
    code: str | None = None
    order_id: str | None = None
    order_value: str | None = None
    currency: str | None = None
    fault: str | None = None
    """The faults it met, e.g. `-503`, `-SLOW@0.2 +HANG`."""
    committed: bool = False
    status: int | None = None
    """The status answered; None while it is open, and where no status was sent at all."""
    answered: float | None = None
    """`time.monotonic()` when the answer, or the fault in its place, began."""

    @property
    def query(self) -> Mapping[str, str]:
        """The decoded query parameters; of a repeated one the last."""
        return _parameters(self.path)

    def header(self, name: str) -> str | None:
        """A header's value, whatever the case of its name."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    def as_json(self) -> str:
        """One line of JSON; a body that is not UTF-8 shows its odd bytes as backslash escapes."""
        entry = {name: getattr(self, name) for name in _CALL_FIELDS}  # asdict would copy deeply: ten times the time
        return json.dumps({**entry, "body": self.body.decode("utf-8", "backslashreplace")})


_CALL_FIELDS = tuple(one.name for one in fields(Call))


@dataclass(slots=True)
class Redemption:
    """What a partner has booked for one code of one order."""

    partner: str
    account: str
    order_id: str | None
    code: str
    """As first booked; upper- and lower-case are one code."""
    order_value: str | None
    """Decimal string of the first booking."""
    currency: str | None
    commits: int = 0
    """More than 1: it was redeemed twice."""
    order_values: list[str | None] = field(default_factory=list)
    """The value of every booking, in order."""

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


@lru_cache(maxsize=256)
def _parameters(path: str) -> Mapping[str, str]:
    return MappingProxyType(dict(parse_qsl(path.partition("?")[2], keep_blank_values=True)))


def matches(entry: Call | Redemption, where: Where) -> bool:
    """Whether an entry passes the filter."""
    for name, wanted in where.items():
        actual = getattr(entry, name)
        if actual != wanted and (name != "code" or actual is None or actual.upper() != str(wanted).upper()):
            return False
    return True


class Books:
    """All calls and redemptions since the last reset; safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._redemptions: dict[tuple[str | None, ...], Redemption] = {}
        self._used: set[tuple[str | None, str]] = set()

    def enter(self, call: Call) -> None:
        """Enters a call and numbers it, from 1."""
        with self._lock:
            call.number = len(self._calls) + 1
            self._calls.append(call)

    def commit(self, call: Call, *, single_use: bool = False) -> Redemption | None:
        """Books a call's redemption; None, and nothing is booked, when its `single_use` code is used up."""
        code = call.code or ""
        with self._lock:
            if single_use:
                if (call.partner, code.upper()) in self._used:
                    return None
                self._used.add((call.partner, code.upper()))
            key = (call.partner, call.account, call.order_id, code.upper())
            entry = self._redemptions.get(key)
            if entry is None:
                entry = self._redemptions[key] = Redemption(
                    call.partner or "",
                    call.account or "",
                    call.order_id,
                    code,
                    call.order_value,
                    call.currency,
                )
            entry.commits += 1
            entry.order_values.append(call.order_value)
            call.committed = True
            return entry

    def calls(self, **where: Unpack[Where]) -> list[Call]:
        """The calls that pass the filter, in order of arrival; an open call's entry still changes."""
        with self._lock:
            calls = list(self._calls)
        return [call for call in calls if matches(call, where)] if where else calls

    def redemptions(self, **where: Unpack[Where]) -> list[Redemption]:
        """The redemptions that pass the filter, in order of their first booking."""
        with self._lock:
            entries = list(self._redemptions.values())
        return [entry for entry in entries if matches(entry, where)] if where else entries

    def clear(self) -> None:
        """Forgets everything, used-up codes too."""
        with self._lock:
            self._calls.clear()
            self._redemptions.clear()
            self._used.clear()
