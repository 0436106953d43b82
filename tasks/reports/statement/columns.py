"""Which column is which: by the names that statements are likely to have, or as the operator names them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.reports.statement.amounts import SYMBOLS
from tasks.reports.statement.unreadable import NoStatement

ORDER, CODE, VALUE, CURRENCY = "order", "code", "value", "currency"


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# In letters and digits only. What may as well be the partner's fee or a gross value (amount, Betrag, Umsatz brutto) is
# left out: that column has to be named.
NAMES: Final[Mapping[str, frozenset[str]]] = {
    ORDER: _names(
        "order orderid orderno ordernr ordernumber orderreference orderref shoporderid merchantorderid externalorderid "
        "bestellnummer bestellnr bestellid bestellung auftragsnummer auftragsnr auftragsid auftrag"
    ),
    CODE: _names(
        "code coupon couponcode couponno couponnumber voucher vouchercode vouchernumber promocode discountcode "
        "uniquecode gutschein gutscheincode gutscheinnummer gutscheinnr couponnummer aktionscode rabattcode"
    ),
    VALUE: _names(
        "ordervalue ordervaluenet netordervalue ordernetvalue netvalue orderamount ordernet basketvalue netbasketvalue "
        "cartvalue salesvalue salevalue netsales bestellwert bestellwertnetto nettobestellwert nettowert netto "
        "warenkorbwert warenkorbwertnetto nettowarenkorbwert nettowarenkorb auftragswert auftragswertnetto "
        "nettoauftragswert nettoumsatz umsatznetto"
    ),
    CURRENCY: _names(
        "currency currencycode ordercurrency currencyiso isocurrency währung waehrung währungscode waehrungscode "
        "bestellwährung bestellwaehrung währungskürzel"
    ),
}
_UNIT: Final = re.compile(
    r"(?:\bin\b)?[\s(\[/,-]*\b(EUR|GBP|CHF|PLN|SEK|DKK|NOK|USD|CZK|HUF)\b[)\]\s]*$", re.IGNORECASE
)
_UNIT_SIGN: Final = re.compile(r"(?:\bin\b)?[\s(\[/,-]*([€£])[)\]\s]*$")


@dataclass(frozen=True)
class Wishes:
    """What the operator says about the file; None is left to the file itself. Columns by the name in its header."""

    order: str | None = None
    code: str | None = None
    value: str | None = None
    currency: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimals: str | None = None

    def column(self, role: str) -> str | None:
        """The name of the column that the operator gave for that role."""
        name: str | None = getattr(self, role)
        return name


@dataclass(frozen=True)
class Columns:
    """Where what stands, counted from 0, and `names` as the header has them by role."""

    order: int
    code: int | None
    value: int | None
    currency: int | None
    unit: str | None
    """The currency that the value's header names: `Bestellwert (EUR)`."""
    width: int
    names: Mapping[str, str]


def has_order(header: Sequence[str], wishes: Wishes) -> bool:
    """Whether this may be the header: there is a column for the order number."""
    return bool(_matching(header, ORDER, wishes))


def find_columns(header: Sequence[str], wishes: Wishes) -> Columns:
    """Which column is which.

    Raises NoStatement where two may be meant, or one that was named is missing.
    """
    found: dict[str, int | None] = {role: _only(header, role, wishes) for role in NAMES}
    order = found[ORDER]
    if order is None:
        raise NoStatement(f"no column for the order number among {_quoted(header)}: name it with --order-column")
    taken = [place for place in found.values() if place is not None]
    if len(set(taken)) < len(taken):
        raise NoStatement("one column cannot be two things: each needs its own")
    value = found[VALUE]
    return Columns(
        order=order,
        code=found[CODE],
        value=value,
        currency=found[CURRENCY],
        unit=None if value is None else _unit(header[value])[1],
        width=len(header),
        names={role: header[place].strip() for role, place in found.items() if place is not None},
    )


def _only(header: Sequence[str], role: str, wishes: Wishes) -> int | None:
    places = _matching(header, role, wishes)
    if len(places) > 1:
        which = _quoted([header[place] for place in places])
        raise NoStatement(f"which column is the {role}? {which} may be: name it with --{role}-column")
    if not places and (name := wishes.column(role)) is not None:
        raise NoStatement(f"there is no column {name!r} for --{role}-column, but {_quoted(header)}")
    return places[0] if places else None


def _matching(header: Sequence[str], role: str, wishes: Wishes) -> list[int]:
    if (name := wishes.column(role)) is not None:
        return [place for place, cell in enumerate(header) if cell.strip().casefold() == name.strip().casefold()]
    return [place for place, cell in enumerate(header) if _plain(_unit(cell)[0]) in NAMES[role]]


def _unit(cell: str) -> tuple[str, str | None]:
    """A header without the currency at its end, and that currency."""
    found = _UNIT_SIGN.search(cell) or _UNIT.search(cell)
    if found is None or not found.start():
        return cell, None
    name = found[1].upper()
    return cell[: found.start()], SYMBOLS.get(name, name)


def _plain(cell: str) -> str:
    return "".join(filter(str.isalnum, cell.casefold()))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name.strip()) for name in names[:12])
