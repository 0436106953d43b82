"""What a command that needs nothing but the broker does without: a partner's secrets, and where these cannot be read.

An operator's machine, or a monitor's, has no business with them. All else that is wrong stops such a command as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import ValidationError

from config.complaints import Complaint
from config.names import Path
from config.sources import Layer

_ACCOUNT = 3  # shops, the shop's name, the partner


def complaints_of(layers: Sequence[Layer], *, least: bool) -> Iterator[Complaint]:
    """What the sources themselves have that is wrong; with `least`, without what need not be readable."""
    for layer in layers:
        needless = layer.needless if least else ()
        yield from (complaint for complaint in layer.complaints if complaint not in needless)


def leave_out_incomplete_accounts(layers: Iterable[Layer], error: ValidationError) -> bool:
    """Take out of the layers each account that merely lacks a field; whether there was any."""
    kinds: dict[Path, set[str]] = {}
    for details in error.errors(include_input=False, include_url=False):
        place = tuple(str(part) for part in details["loc"])
        if len(place) > _ACCOUNT and place[0] == "shops":  # an error of several settings together has no place
            kinds.setdefault(place[:_ACCOUNT], set()).add(details["type"])
    incomplete = [account for account, its in kinds.items() if its == {"missing"}]
    for account in incomplete:
        _leave_out(layers, account)
    return bool(incomplete)


def _leave_out(layers: Iterable[Layer], account: Path) -> None:
    shop, partner = account[:-1], account[-1]
    for layer in layers:
        fields = [path for path in layer.values if path[:_ACCOUNT] == account]
        for path in fields:
            del layer.values[path]
        if fields:
            layer.values[account] = None  # the shop is there all the same
        if str(layer.values.get((*shop, "default_partner"))).lower() == partner:
            del layer.values[*shop, "default_partner"]
