"""From an order to its redemptions: whose each code is, with which account, and whether anything is missing.

Pure. The same for every way in, and again when a dead letter is replayed under mended settings.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from config.accounts import AccountSettings
from config.settings import Settings
from config.shops import Shop
from tasks.errors import MasterCode, PermanentError, TooOld, Unroutable
from tasks.events import Coupon
from tasks.identity import UNROUTED, redemption_id
from tasks.ledger import Account, Planned
from tasks.orders import Order
from tasks.partners import PARTNERS
from tasks.partners.uniqodo import Uniqodo
from tasks.provenance import is_nobody, issuer, stated_issuer
from tasks.redemption import Redemption

# Only Uniqodo has master codes; one on the list is booked under it, whatever the event says.
_ISSUES_MASTER_CODES: Final = Uniqodo.name


def plan_order(order: Order, settings: Settings, *, now: datetime) -> list[Planned]:
    """The redemptions to open for an order, one for each partner and code; `now` is aware.

    One that cannot be sent is in the list too, with its fate: nothing that was accepted disappears.
    """
    if len(order.coupons) == 1:  # as nearly always
        return list(_plan(order, order.coupons[0], settings, now))
    plans: dict[str, Planned] = {}
    for coupon in order.coupons:
        for plan in _plan(order, coupon, settings, now):
            plans.setdefault(plan.redemption.id, plan)  # a code given twice: the first content wins, as everywhere
    return list(plans.values())


@functools.lru_cache(maxsize=1024)  # every event and every attempt asks
def account_of(settings: Settings, partner: str, shop: str) -> tuple[Account, AccountSettings | None]:
    """The account that partner and shop have under these settings; without settings of its own if they lack it."""
    found = settings.shops.get(shop)
    account = found.account(partner) if found else None
    if account is None:
        return Account(partner, shop), None
    return Account(partner, shop, PARTNERS[partner].fingerprint(account, settings.endpoint(partner).base_url)), account


def _plan(order: Order, coupon: Coupon, settings: Settings, now: datetime) -> Iterator[Planned]:
    shop = settings.shops.get(order.shop)
    try:
        partner = _partner(coupon, order.shop, shop)
    except PermanentError as fate:
        partner = _ISSUES_MASTER_CODES if isinstance(fate, MasterCode) else _named(coupon)
        yield Planned(redemption_of(order, coupon, partner).without_customer_id(), Account(partner, order.shop), fate)
        return
    if is_nobody(partner):
        return
    account, account_settings = account_of(settings, partner, order.shop)
    redemption = redemption_of(order, coupon, partner)
    if account_settings is None:
        unroutable = Unroutable(_no_account(partner, order.shop, shop))
        yield Planned(redemption.without_customer_id(), account, unroutable)
        return
    redemption = PARTNERS[partner].minimise(redemption, account_settings)
    obstacle = _fate(redemption, account_settings, settings, now)
    note = None if obstacle else PARTNERS[partner].remark(redemption)
    yield Planned(redemption, account, obstacle, note, _elsewhere(order, coupon, partner, shop))


def _fate(
    redemption: Redemption, account_settings: AccountSettings, settings: Settings, now: datetime
) -> PermanentError | None:
    """Why a routed redemption cannot be sent: it lacks what its partner needs, or is too old."""
    try:
        PARTNERS[redemption.partner].require(redemption, account_settings)
        _require_remembered(redemption.completed_at, settings.ledger.keep, now)
    except PermanentError as fate:
        return fate
    return None


def _partner(coupon: Coupon, name: str, shop: Shop | None) -> str:
    if shop is not None:
        return issuer(coupon.code, coupon.provenance, coupon.validation_key, shop)
    if coupon.provenance is not None:
        return coupon.provenance
    raise Unroutable(f'no shop "{name}" is configured')


def _elsewhere(order: Order, coupon: Coupon, partner: str, shop: Shop | None) -> tuple[str, ...]:
    """The ids under which another system may have reported this code already.

    The shop knows a code's issuer, the ERP that reports the same order often does not. Where only the shop's default
    sends a code to `partner`, it is no news if any other partner's redemption of it is known.
    """
    if shop is None or stated_issuer(coupon.code, coupon.provenance, coupon.validation_key, shop) is not None:
        return ()
    shop_name, order_id, code, test = order.shop, order.order_id, coupon.code, order.test
    return tuple([redemption_id(one, shop_name, order_id, code, test=test) for one in PARTNERS if one != partner])


def _named(coupon: Coupon) -> str:
    return coupon.provenance if coupon.provenance and not is_nobody(coupon.provenance) else UNROUTED


def _no_account(partner: str, name: str, shop: Shop | None) -> str:
    return f'no shop "{name}" is configured' if shop is None else f'shop "{name}" has no {partner} account'


def _require_remembered(completed_at: datetime, keep: float, now: datetime) -> None:
    if now - completed_at > timedelta(seconds=keep):
        raise TooOld(
            "completed longer ago than the ledger remembers (REDEEM_LEDGER__KEEP): it may have been sent before"
        )


def redemption_of(order: Order, coupon: Coupon, partner: str) -> Redemption:
    """What to report of one coupon of the order to that partner."""
    return Redemption(  # by position, which takes half the time: every coupon makes one
        redemption_id(partner, order.shop, order.order_id, coupon.code, test=order.test),
        partner,
        order.shop,
        order.order_id,
        coupon.code,
        order.order_value,
        order.currency,
        order.completed_at,
        coupon.discount,
        coupon.validation_key,
        order.email_hash,
        order.customer_id,
        order.source,
        order.params,
        coupon.provenance,
        order.test,
    )
