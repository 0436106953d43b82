"""`redeem serve`: the HTTP door, by which shops hand in orders and see what became of them."""

from __future__ import annotations

import contextlib
import json
import os

import click

from config.settings import Settings
from tasks.plain_text import readable
from worker.cli.connection import No
from worker.cli.extras import of_extra
from worker.cli.other_installations import warn_where_only_others_work
from worker.composition import create_app
from worker.configuration import settings
from worker.open_files import raise_limit

_PORT = 8080
_VARIABLE = "PORT"
_LOOPBACK = "127.0.0.1"


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Default: PORT, or 8080. 0 takes any free one.")
@click.option(
    "--host", help="Address to listen on. Default: this machine only; where PORT says the port, all addresses."
)
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document, and serve nothing.")
def serve(*, port: int | None, host: str | None, openapi: bool) -> None:
    """Take orders over HTTP, and the webhooks of shop systems.

    What it answered with 202 is journaled. It begins without a broker, too, and answers 503 until that is there.
    SIGTERM and Ctrl-C finish what is in hand.
    """
    with of_extra("http", "fastapi", "starlette", "uvicorn", "h11", "anyio"):
        from worker.web import app as web  # noqa: PLC0415 - the extra may not be installed
        from worker.web import server  # noqa: PLC0415 - likewise

    if openapi:
        click.echo(json.dumps(web.Web().openapi(), indent=2, ensure_ascii=False))
        return
    raise_limit()
    configured = settings()
    app = create_app(configured)
    app.log.setup_logging_subsystem()
    given = _port() if port is None else None
    wanted = port if port is not None else given or _PORT
    address = host or (None if given else _LOOPBACK)
    try:
        listeners = server.listen(address, wanted)
    except OSError as error:
        # Python adds the address to an error's text; a name that does not resolve has a negative number.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise No(f"cannot listen on {address or 'any address'}, port {wanted}: {why}") from error
    with contextlib.ExitStack() as stack:
        for listener in listeners:
            stack.enter_context(listener)
        _greet(configured, listeners[0].getsockname()[1], address)
        warn_where_only_others_work(app.runtime)
        server.serve(app, listeners)


def _port() -> int | None:
    """The port that the platform wants, if it wants one."""
    given = os.environ.get(_VARIABLE, "").strip()
    if not given:
        return None
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given) <= 65_535:  # noqa: PLR2004 - TCP's highest
        raise click.UsageError(f'{_VARIABLE} must be a port, 1 to 65535, not "{readable(given, 20)}"')
    return int(given)


def _greet(configured: Settings, port: int, address: str | None) -> None:
    shown = f"[{address}]" if address and ":" in address else address or "0.0.0.0"  # noqa: S104 - shown only
    click.echo(
        f"Orders are taken at http://{shown}:{port}/orders (what else there is: /openapi.json). Ctrl-C stops it."
    )
    ways = {name: (bool(shop.tokens), bool(shop.webhook_secrets)) for name, shop in configured.shops.items()}
    shut = sorted(name for name, (token, secret) in ways.items() if not token and not secret)
    if len(shut) == len(ways):
        click.echo(
            "Nobody can come in: no shop has a token or a webhook secret (REDEEM_SHOPS__<SHOP>__TOKEN, "
            "…__WEBHOOK_SECRET).",
            err=True,
        )
    elif shut:
        click.echo(f"No way in for {', '.join(shut)}: without a token and a webhook secret.", err=True)
