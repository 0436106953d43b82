"""The HTTP door put together: routes, what every request passes, and what all of them share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from typing_extensions import override

from worker.composition import RedeemApp
from worker.web import health, metrics, openapi, orders, redemptions, shopware_registration, webhooks
from worker.web.door import PATIENCE, Door
from worker.web.gate import Gate
from worker.web.lingering import Lingering
from worker.web.problems import Problem, on_http_exception, on_problem


class Web(FastAPI):
    """All routes, and the document of `worker.web.openapi` that tells of them; without a door nothing answers."""

    def __init__(self) -> None:
        super().__init__(
            docs_url=None,  # these pages load scripts from elsewhere
            redoc_url=None,
            redirect_slashes=False,  # to whatever Host the request names
            lifespan=_lifespan,
            exception_handlers={Problem: on_problem, HTTPException: on_http_exception},
        )
        for part in (orders, redemptions, webhooks, shopware_registration, health, metrics):
            self.include_router(part.router)

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self.routes)
        return self.openapi_schema


def create_web(app: RedeemApp, *, patience: float = PATIENCE) -> FastAPI:
    """The door of that app, as an ASGI application. Nothing is connected before the first request needs it.

    `patience`: seconds that a request waits for a broker which takes nothing.
    """
    web = Web()
    web.state.door = Door(app, patience)
    web.add_middleware(Gate)
    web.add_middleware(Lingering)
    return web


@asynccontextmanager
async def _lifespan(web: FastAPI) -> AsyncIterator[None]:
    yield
    web.state.door.close()
