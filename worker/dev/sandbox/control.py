"""The control API under `/_sandbox/`: set faults, change who is accepted, read the books back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from worker.dev.sandbox.books import Where
from worker.dev.sandbox.faults import UnknownFaultError
from worker.dev.sandbox.guide import GUIDE
from worker.dev.sandbox.policy import PolicyError
from worker.dev.sandbox.wire import Answer, Request, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from worker.dev.sandbox.exchange import Exchange

PREFIX = "/_sandbox/"

_FILTERS = frozenset(Where.__annotations__)


class WrongUseError(ValueError):
    """A control request that makes no sense; the text says why."""


def owns(request: Request) -> bool:
    """Whether a request is for the sandbox itself rather than for a partner."""
    return request.path == "/" or request.path.startswith((PREFIX, "/?", "/favicon.ico"))


def answer(exchange: Exchange, request: Request) -> Answer:
    """Carries out a control request: 200 with what is asked for, 404, or 422 with the reason."""
    path, _, query = request.path.partition("?")
    if not path.startswith(PREFIX):
        return Answer(200, GUIDE.encode(), "text/plain; charset=utf-8") if path == "/" else Answer(404)
    action = _ACTIONS.get((request.method, path.removeprefix(PREFIX)))
    if action is None:
        return json_answer(404, {"error": f"no {request.method} {path}; GET / explains the sandbox"})
    try:
        return action(exchange, {**dict(parse_qsl(query)), **_body(request)})
    except (WrongUseError, PolicyError, UnknownFaultError) as error:
        return json_answer(422, {"error": str(error)})


def _body(request: Request) -> dict[str, Any]:
    if not request.body.strip():
        return {}
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise WrongUseError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise WrongUseError("the body is no JSON object")
    return body


def _where(given: dict[str, Any]) -> Where:
    unknown = given.keys() - _FILTERS
    if unknown:
        raise WrongUseError(f"unknown: {', '.join(sorted(unknown))}")
    where = {name: value for name, value in given.items() if value is not None}
    if not all(isinstance(value, str) for value in where.values()):
        raise WrongUseError(f"{', '.join(sorted(where))}: strings")
    return cast("Where", where)  # just checked: known names, strings


def _calls(exchange: Exchange, given: dict[str, Any]) -> Answer:
    return _lines(call.as_json() for call in exchange.books.calls(**_where(given)))


def _redemptions(exchange: Exchange, given: dict[str, Any]) -> Answer:
    return _lines(entry.as_json() for entry in exchange.books.redemptions(**_where(given)))


def _standing(exchange: Exchange, _given: dict[str, Any]) -> Answer:
    return _lines(json.dumps(fault.summary()) for fault in exchange.plan.standing())


def _set_fault(exchange: Exchange, given: dict[str, Any]) -> Answer:
    fault, mix = given.pop("fault", None), given.pop("mix", None)
    times, seed = given.pop("times", None), given.pop("seed", 0)
    where = _where(given)
    if not (times is None or (isinstance(times, int) and times > 0)) or not isinstance(seed, int):
        raise WrongUseError("times and seed are whole numbers, times from 1")
    if isinstance(fault, str) and mix is None:
        return json_answer(200, {"number": exchange.plan.fail(fault, times, **where)})
    if fault is not None or not isinstance(mix, dict) or not all(_is_number(chance) for chance in mix.values()):
        raise WrongUseError('give either "fault", a string, or "mix", an object of fault and chance')
    try:
        return json_answer(200, {"number": exchange.plan.mix(mix, seed, times, **where)})
    except UnknownFaultError:
        raise
    except ValueError as error:
        raise WrongUseError(str(error)) from error


def _clear_faults(exchange: Exchange, given: dict[str, Any]) -> Answer:
    exchange.plan.clear(**_where(given))
    return json_answer(200, {"cleared": True})


def _show_policy(exchange: Exchange, _given: dict[str, Any]) -> Answer:
    return json_answer(200, exchange.policy.summary())


def _change_policy(exchange: Exchange, given: dict[str, Any]) -> Answer:
    exchange.policy = exchange.policy.changed(given)
    return json_answer(200, exchange.policy.summary())


def _clear_books(exchange: Exchange, _given: dict[str, Any]) -> Answer:
    exchange.books.clear()
    return json_answer(200, {"cleared": True})


def _reset(exchange: Exchange, _given: dict[str, Any]) -> Answer:
    exchange.reset()
    return json_answer(200, {"reset": True})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lines(lines: Iterable[str]) -> Answer:
    return Answer(200, "".join(f"{line}\n" for line in lines).encode(), "application/x-ndjson")


_ACTIONS: dict[tuple[str, str], Callable[[Exchange, dict[str, Any]], Answer]] = {
    ("GET", "calls"): _calls,
    ("GET", "redemptions"): _redemptions,
    ("DELETE", "books"): _clear_books,
    ("POST", "faults"): _set_fault,
    ("GET", "faults"): _standing,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "policy"): _show_policy,
    ("PATCH", "policy"): _change_policy,
    ("POST", "reset"): _reset,
}
