"""Uniqodo's validation keys, which a shop keeps with the order under one name, whatever the shop system. Pure.

Written as the key alone where the order has one code, else as `CODE=KEY, CODE2=KEY2`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_OF_A_CODE: Final = re.compile(r"([^=]+)=(\s*[^=\s].*)")
"""A key may end in = (base64), so what follows must be more than that."""


class UnclearKey(ValueError):  # noqa: N818 - named by what it says of the text
    """Which code a key is for cannot be told; a guess would send another partner's code to Uniqodo."""


def keys_by_code(written: str, codes: Collection[str]) -> dict[str, str]:
    """Each code's key, by the code in upper case; `codes` are the order's.

    Keys of codes that the order does not have any more are left out. Raises UnclearKey.
    """
    known = {code.strip().upper() for code in codes}
    found: dict[str, str] = {}
    alone: list[str] = []
    for part in filter(None, (part.strip() for part in written.split(","))):
        pair = _OF_A_CODE.fullmatch(part)
        if pair is None:
            alone.append(part)
        elif (code := pair[1].strip().upper()) in known:
            found[code] = pair[2].strip()
    if not alone:
        return found
    if len(alone) > 1 or found or len(known) != 1:
        raise UnclearKey("says not which code a key is for: write CODE=KEY, with commas between several")
    return {known.pop(): alone[0]}
