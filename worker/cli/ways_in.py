"""What `redeem check` says of the ways in beside Celery: who may come in over HTTP, has the relay its table?

No token and no secret is shown, nor how long one is.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import importlib.util
from collections.abc import Iterator
from typing import Final

from config.names import variable
from config.settings import Settings
from config.shops import Shop
from worker.cli.finding import Finding

_SHORTEST: Final = 16  # characters of a token, bytes of a key
_PREFIX: Final = "whsec_"
_BETTER: Final = "a long random one is made by: openssl rand -hex 32"


def check_ways_in(settings: Settings) -> Iterator[Finding]:
    """Which shops may come in over HTTP, and tokens and secrets that could be guessed or cannot work."""
    for name, shop in sorted(settings.shops.items()):
        if shop.tokens or shop.webhook_secrets:
            yield Finding("ok", f"shop {name}", f"comes in over HTTP with {_keys(shop)}")
        yield from _weak(name, shop)
    if settings.shops and not any(shop.tokens or shop.webhook_secrets for shop in settings.shops.values()):
        yield Finding("ok", "HTTP", "no shop has a TOKEN or a WEBHOOK_SECRET, so none comes in by redeem serve")
    token = settings.web.metrics_token
    if token is not None and len(token.get_secret_value()) < _SHORTEST:
        yield Finding("warning", "HTTP", f"REDEEM_WEB__METRICS_TOKEN is short; {_BETTER}")


def check_relay(settings: Settings) -> Iterator[Finding]:
    """Whether the relay's database is there, and its table in it; nothing where no database is set."""
    if settings.relay.dsn is None:
        return
    if importlib.util.find_spec("sqlalchemy") is None:
        yield Finding("ok", "relay", "REDEEM_RELAY__DSN is for a machine that has the extra sql, as this one has not")
        return
    from worker.relay.database import Database  # noqa: PLC0415 - needs the extra
    from worker.relay.errors import DatabaseError  # noqa: PLC0415 - as above

    try:
        with contextlib.closing(Database(settings.relay.dsn.get_secret_value())) as database:
            database.check()
    except DatabaseError as error:
        yield Finding("error", "relay", f"REDEEM_RELAY__DSN: {error}")
    else:
        yield Finding("ok", "relay", f"{database.name} has the table redemption_outbox")


def _keys(shop: Shop) -> str:
    """How many of each there are: two while one replaces the other."""
    tokens, secrets = len(shop.tokens), len(shop.webhook_secrets)
    parts = [f"{tokens} token{'s' * (tokens > 1)}"] * bool(tokens)
    parts += [f"{secrets} webhook secret{'s' * (secrets > 1)}"] * bool(secrets)
    return " and ".join(parts)


def _weak(name: str, shop: Shop) -> Iterator[Finding]:
    if any(len(token) < _SHORTEST for token in shop.tokens):
        yield Finding("warning", f"shop {name}", f"{variable(('shops', name, 'token'))} is short; {_BETTER}")
    lengths, secret = [_length(one) for one in shop.webhook_secrets], variable(("shops", name, "webhook_secret"))
    if None in lengths:
        text = f"{secret} begins with {_PREFIX} but is no base64 after it: no signature will fit"
        yield Finding("error", f"shop {name}", text)
    if any(length is not None and length < _SHORTEST for length in lengths):
        yield Finding("warning", f"shop {name}", f"{secret} is short; {_BETTER}")


def _length(secret: str) -> int | None:
    """Bytes of the key that a secret stands for; None where it stands for none."""
    if not secret.startswith(_PREFIX):
        return len(secret.encode())
    text = secret.removeprefix(_PREFIX)
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True)) or None
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None
