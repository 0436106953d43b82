"""Every answer that is no success: problem details as RFC 9457 has them, in words for the developer of a shop.

No text here quotes what was sent: it may be a secret, somebody's address, or written to steer whoever reads it.
"""

from __future__ import annotations

import http
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

BLANK: Final = "about:blank"
"""The type of a problem that its HTTP status says all about (RFC 9457, 4.2.1)."""
MEDIA_TYPE: Final = "application/problem+json"
_TYPES: Final = "urn:redeem:problem:"
_MOST_TOLD: Final = 50
"""Errors in one answer; more are counted."""


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Ends a request with an answer that explains itself.

    `type` is the short name of a kind (`invalid-event`), or `about:blank`; `errors` say what is wrong where, the first
    fifty of them in the answer and the rest as a number in `more`.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        type: str = BLANK,  # noqa: A002 - RFC 9457's member
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.type = type if ":" in type else _TYPES + type
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def kind(self) -> str:
        """The type's short name; empty where the status says it all."""
        return self.type.removeprefix(_TYPES) if self.type != BLANK else ""

    def to_json(self) -> dict[str, Any]:
        """The answer's body."""
        body: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors[:_MOST_TOLD])
        if len(self.errors) > _MOST_TOLD:
            body["more"] = len(self.errors) - _MOST_TOLD
        return body

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.to_json(), self.status, self.headers, MEDIA_TYPE)


async def on_problem(request: Request, problem: Exception) -> Response:
    """FastAPI's handler of Problem."""
    assert isinstance(problem, Problem)  # noqa: S101 - it is registered for this class
    if problem.kind:
        request.app.state.door.metrics.refused(getattr(request.state, "shop", ""), problem.kind)
    return problem.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """FastAPI's handler of what the router raises: no such page, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this class
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = _allow(headers["Allow"])
        if request.method == "OPTIONS":
            return Response(status_code=http.HTTPStatus.NO_CONTENT, headers=headers)
    title = http.HTTPStatus(error.status_code).phrase
    return Problem(error.status_code, title, _DETAILS.get(error.status_code, title + "."), headers=headers).response()


def _allow(methods: str) -> str:
    """What a path allows besides what its route names: HEAD goes where GET goes, and OPTIONS asks for this."""
    allowed = {method.strip() for method in methods.split(",")} | {"OPTIONS"}
    return ", ".join(sorted(allowed | {"HEAD"} if "GET" in allowed else allowed))


_DETAILS: Final = {
    404: "There is nothing at this path. What there is: GET /openapi.json.",
    405: "This path has no such method; the Allow header names those it has.",
}


def busy() -> Problem:
    """The answer where there is too much to do; whoever gets it can be sure that nothing was taken."""
    return Problem(
        503,
        "Too busy",
        "There is too much to do at the moment. Nothing was taken: send the same again later.",
        type="busy",
        headers={"Retry-After": "2"},
    )
