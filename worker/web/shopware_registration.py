"""How a Shopware app gets the secret that it signs with: without this handshake Shopware signs nothing.

https://developer.shopware.com/docs/guides/plugins/apps/app-registration-setup.html. The shop's webhook secret stands in
the app's manifest.xml and signs the registration; the secret that the shop is given is derived from it, so nothing has
to be stored. The API keys that Shopware sends with the confirmation are not looked at: we never call a shop.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tasks.shop_systems.shopware import shop_secrets
from tasks.signatures import hmac_sha256_hex
from worker.web.body import read_body
from worker.web.door import door_of
from worker.web.webhooks import secrets_of

APP: Final = "RedeemVoucherCodes"
"""The app's name, as its manifest.xml has it: a part of what the proof is made of."""
_FRESH: Final = 300
"""Seconds that a registration may be old: one that was recorded must not bring the secret to somebody later."""
_SIGNATURE: Final = "shopware-shop-signature"

router = APIRouter(include_in_schema=False)


@router.get("/webhooks/{shop}/shopware/register")
async def register(request: Request, shop: str) -> Response:
    """Show that we know the app's secret, and hand out the one that webhooks are to be signed with.

    Shopware shows the answer's `error` to whoever installs the app.
    """
    query: bytes = request.scope["query_string"]
    headers, secrets = request.headers, secrets_of(door_of(request), shop.lower())
    signature = headers.get("shopware-app-signature", "")
    app_secret = next((secret for secret in secrets if hmac_sha256_hex(query, signature, [secret])), None)
    if app_secret is None:
        return _refuse("shopware-app-signature does not fit: is <secret> in manifest.xml this shop's webhook secret?")
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
    if not _is_fresh(given.get("timestamp", "")):
        return _refuse("timestamp is more than five minutes from now: sent again, or a clock is wrong")
    secret = _next_secret(secrets, query, headers.get(_SIGNATURE))
    if secret is None:
        return _refuse("the app was registered under another secret: uninstall it, then install it again")
    proof = hmac.new(
        app_secret.encode(), f"{given.get('shop-id', '')}{given.get('shop-url', '')}{APP}".encode(), hashlib.sha256
    )
    confirmation = _address_of(request).removesuffix("/register") + "/confirm"
    return JSONResponse({"proof": proof.hexdigest(), "secret": secret, "confirmation_url": confirmation})


@router.post("/webhooks/{shop}/shopware/confirm")
async def confirm(request: Request, shop: str) -> Response:
    """Hear that the shop has taken over its secret, and check that it signs with it."""
    secrets = secrets_of(door_of(request), shop.lower())
    body = await read_body(request, known=False)
    ours = [key for secret in secrets for key in shop_secrets(secret)]
    previous = request.headers.get(f"{_SIGNATURE}-previous")
    if not hmac_sha256_hex(body, request.headers.get(_SIGNATURE, ""), ours):
        return _refuse(f"{_SIGNATURE} does not fit")
    if previous is not None and not hmac_sha256_hex(body, previous, ours):
        return _refuse(f"{_SIGNATURE}-previous does not fit")
    return Response(status_code=204)


def _next_secret(secrets: Iterable[str], query: bytes, signature: str | None) -> str | None:
    """The secret to hand out: derived from the newest of ours, and not the one that the shop has.

    `signature` is there when an app is registered anew, made with the secret that the shop has; None is returned where
    that is none of ours.
    """
    keys = [key for secret in secrets for key in shop_secrets(secret)]
    if signature is None:
        return keys[0]
    current = next((key for key in keys if hmac_sha256_hex(query, signature, [key])), None)
    return None if current is None else next(key for key in keys if key != current)


def _is_fresh(timestamp: str) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 12:  # noqa: PLR2004 - digits
        return False
    return abs(datetime.now(UTC).timestamp() - int(timestamp)) <= _FRESH


def _address_of(request: Request) -> str:
    """The address that was asked, as the shop knows it, though a proxy may have ended its TLS.

    Nobody but whoever sent these headers is told it.
    """
    scheme = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    url = request.url.replace(query="")
    return str(url.replace(scheme=scheme) if scheme in ("http", "https") else url)


def _refuse(why: str) -> Response:
    return JSONResponse({"error": why}, 401, {"WWW-Authenticate": "Bearer"})
