"""`GET /redemptions/{id}`: what became of a redemption, for the shop whose it is."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tasks.ledger import Record
from tasks.ledger.record import JSON_FIELDS
from tasks.persistence import UNAVAILABLE
from worker.web import openapi
from worker.web.broker_words import why_refused
from worker.web.door import Door, door_of, not_told
from worker.web.problems import Problem

_PATH: Final = "/redemptions/"
_OF_THE_ID: Final = re.compile(r"(%3A|%25)")
"""What stands percent-encoded in an id itself."""

router = APIRouter()


@router.get(_PATH + "{id:path}", **openapi.REDEMPTION)
async def tell_redemption(request: Request) -> Response:
    """What became of one of the shop's redemptions; another shop's is as unknown as one that never was."""
    door = door_of(request)
    shop = door.callers.by_token(request.headers)
    request.state.shop = shop
    ids = possible_ids(request.scope["raw_path"].decode("ascii").removeprefix(_PATH))
    record = await door.in_thread(lambda: _find(door, ids, shop), late=not_told)
    if record is None:
        raise Problem(404, "No such redemption", "This shop has no redemption with that id.", type="unknown-redemption")
    return JSONResponse(record.to_json())


def possible_ids(raw: str) -> list[str]:
    """The ids that a path's end can mean, the likeliest first.

    An id may hold `%3A` and `%25`, so that properly encoded it holds `%253A`. Who pastes one into a URL as it stands
    means it literally; then only what cannot stand in a URL, a space say, is encoded.
    """
    pasted = "".join(part if _OF_THE_ID.fullmatch(part) else unquote(part) for part in _OF_THE_ID.split(raw))
    return list(dict.fromkeys((unquote(raw), pasted, raw)))


def _find(door: Door, ids: list[str], shop: str) -> Record | None:
    try:
        found = door.runtime.ledger.find_all(ids, JSON_FIELDS)
    except UNAVAILABLE as error:
        raise not_told(why_refused(error)) from error
    return next((one for one in found if one.is_redemption and one.shop == shop), None)
