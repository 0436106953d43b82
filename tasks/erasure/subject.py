"""Whom or what an erasure is about: orders by number, customers by the hash of their address or their identifier. Pure.

The address itself is hashed before it gets here. Where something stands in clear it is hashed and compared.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.erasure.spellings import spellings
from tasks.identity import escaped
from tasks.orders import hash_email

MARK: Final = "[erased]"
"""Stands where something was."""
PERSONAL: Final = ("email", "email_hash", "customer_id")
"""The fields of an event that are about the customer."""

_TELLING: Final = 5
"""From so many characters on, what reads like an order's number or a customer's identifier is taken for it anywhere."""
_ADDRESS: Final = re.compile(
    rb"[\w.!#$%&'*+/=?^`{|}~\x80-\xff-]{1,128}@[\w\x80-\xff-]{1,64}(?:\.[\w\x80-\xff-]{1,64}){0,8}"
)


@dataclass(frozen=True)
class Subject:
    """What shall go. `shop` None means every shop's orders of those numbers; hashes are MD5, lower case."""

    orders: frozenset[str] = frozenset()
    shop: str | None = None
    email_hashes: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    @property
    def kinds(self) -> str:
        """What it was asked by, in words without any of it."""
        named = (("order", self.orders), ("email", self.email_hashes), ("customer", self.customers))
        return ", ".join(kind for kind, values in named if values)

    def is_order(self, order_id: object, shop: object) -> bool:
        """Whether this is one of the orders; a shop that is not known may be the one."""
        if not isinstance(order_id, str | int) or str(order_id).strip() not in self.orders:
            return False
        return not self.shop or not shop or shop == self.shop

    def is_customer(self, fields: Mapping[str, Any]) -> bool:
        """Whether these fields, an event's or a record's personal ones, are about one of the customers."""
        email, hashed, customer = (fields.get(name) for name in PERSONAL)
        return (
            (isinstance(email, str) and _hashed(email.encode(errors="replace")) in self.email_hashes)
            or (isinstance(hashed, str) and hashed.strip().lower() in self.email_hashes)
            or (isinstance(customer, str | int) and str(customer).strip() in self.customers)
        )

    def mask(self, text: str) -> str:
        """Text of ours, a history or an audit entry, with a mark in place of all that it says of the subject."""
        for pattern in self._in_our_texts:
            text = pattern.sub(_marked, text)
        return text

    def mask_json(self, text: str) -> str:
        """As `mask`, for text that may be JSON, one value a line: within its strings only, so that it stays JSON."""
        return "\n".join(map(self._masked_line, text.split("\n")))

    def _masked_line(self, line: str) -> str:
        if "\\" not in line and self.mask(line) == line:
            return line
        try:
            value = json.loads(line)
        except ValueError:
            return self.mask(line)
        if not isinstance(value, dict | list):
            return self.mask(line)
        masked = self._masked_value("", value)
        return line if masked == value else json.dumps(masked, ensure_ascii=False, separators=(",", ":"))

    def _masked_value(self, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return {key: self._masked_value(key, member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._masked_value(name, member) for member in value]
        named = f"{name}="  # it is "order_id" that makes an order's number of a short one
        return self.mask(named + value).removeprefix(named) if isinstance(value, str) else value

    def order_in(self, raw: bytes) -> str | None:
        """An order whose number these bytes, which cannot be parsed, hold in any spelling."""
        patterns = self._order_patterns
        for data in spellings(raw) if patterns else ():
            for order, pattern in patterns.items():
                if pattern.search(data):
                    return order
        return None

    def customer_in(self, raw: bytes) -> bool:
        """Whether these bytes hold one of the customers in any spelling."""
        return any(self.names_customer(data) for data in spellings(raw))

    def words(self) -> dict[str, list[str]]:
        """For the server's quick look: what speaks of the subject is one of `exact` or holds one of `within`."""
        exact, within = set[str](), set(self.email_hashes)
        for value in self.orders | self.customers:
            spelled = {value, escaped(value), json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
            exact |= {value}
            around = ("{}",) if len(value) >= _TELLING else (":{}:", '"{}"', " {}", "={}")
            within |= {shape.format(one) for shape in around for one in spelled}
        return {"exact": sorted(exact), "within": sorted(within)}

    @functools.cached_property
    def _order_patterns(self) -> dict[str, re.Pattern[bytes]]:
        return {order: _anywhere(order) for order in self.orders}

    @functools.cached_property
    def _customer_patterns(self) -> list[re.Pattern[bytes]]:
        return [_anywhere(one) for one in self.customers]

    @functools.cached_property
    def _in_our_texts(self) -> list[re.Pattern[str]]:
        named = [("order(?:_id)?", one) for one in self.orders] + [("customer_id", one) for one in self.customers]
        telling = [one for one in self.orders | self.customers if len(one) >= _TELLING] + list(self.email_hashes)
        patterns = [
            *map(self._within_id, self.orders),
            *(rf"(?P<kept>\b{name}[ =:\"]{{1,4}}){re.escape(value)}(?!\w)" for name, value in named),
            # The same number within an id of another shop's is another order.
            *(
                rf"(?<![\w:]){re.escape(one)}(?![\w:])" if self.shop else rf"(?<!\w){re.escape(one)}(?!\w)"
                for one in telling
            ),
        ]
        return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def _within_id(self, order: str) -> str:
        """A redemption's id, of which partner and shop stay: the code may be a customer's own."""
        shop = re.escape(escaped(self.shop)) if self.shop else r"[^:\s\"]+"
        # A code may hold blanks and commas, so an id in a list of them ends where the next one may begin.
        end = r"(?=\"|\n|$|, (?=[a-z][\w-]*:))"
        return rf"(?P<kept>\b[a-z][\w-]*:{shop}:){re.escape(escaped(order))}:[^\"\n]*?{end}"

    def names_customer(self, data: bytes) -> bool:
        """Whether one of the customers stands in these bytes as they are."""
        lower = data.lower()
        if any(one.encode() in lower for one in self.email_hashes):
            return True
        if any(pattern.search(data) for pattern in self._customer_patterns):
            return True
        return bool(self.email_hashes) and b"@" in data and any(map(self._is_address, _ADDRESS.finditer(data)))

    def _is_address(self, found: re.Match[bytes]) -> bool:
        """In a pickle or a URL there may be more around an address than belongs to it."""
        address = found[0]
        heads = {0, 1, *(sign.end() for sign in re.finditer(rb"[=/:|'`?&]", address[: address.index(b"@")]))}
        ends = [len(address), len(address) - 1, len(address) - 2]
        return any(_hashed(address[head:end].rstrip(b".")) in self.email_hashes for head in heads for end in ends)


def _hashed(address: bytes) -> str:
    return hash_email(address.decode("utf-8", "replace"))


def _marked(found: re.Match[str]) -> str:
    return (found.groupdict().get("kept") or "") + MARK


def _anywhere(value: str) -> re.Pattern[bytes]:
    """The value within any bytes, where its digits do not go on; if it is short, only near what calls it an order."""
    told = re.escape(value.encode())
    before = rb"(?<![0-9])" if value[0].isdecimal() else b""
    after = rb"(?![0-9])" if value[-1].isdecimal() else b""
    if len(value) < _TELLING:
        return re.compile(rb"(?:order|customer).{0,24}?" + before + told + after, re.IGNORECASE | re.DOTALL)
    return re.compile(before + told + after + _as_integer(value), re.IGNORECASE | re.DOTALL)


def _as_integer(value: str) -> bytes:
    """An all-digit number as pickle and MessagePack write it, as alternatives of a pattern."""
    if not value.isdecimal() or str(int(value)) != value or int(value) >= 2**31:
        return b""
    number = int(value)
    forms = [b"J" + number.to_bytes(4, "little"), b"\xce" + number.to_bytes(4, "big")]
    if number < 2**16:
        forms += [b"M" + number.to_bytes(2, "little"), b"\xcd" + number.to_bytes(2, "big")]
    return b"".join(b"|" + re.escape(form) for form in forms)
