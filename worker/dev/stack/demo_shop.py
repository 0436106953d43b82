"""The shop `demo`, for a machine where no shop is configured: accounts that only the sandbox knows."""

from __future__ import annotations

from typing import Final

SHOP: Final = "demo"


def demo_shop(sandbox_url: str) -> dict[str, str]:
    """Settings, as environment variables, of a shop with both partners, whose calls go to the sandbox."""
    return {
        "REDEEM_SHOPS__DEMO__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
        "REDEEM_SHOPS__DEMO__UNIQODO__API_KEY": "demo-key-of-the-sandbox",
        "REDEEM_SHOPS__DEMO__UNIQODO__MERCHANT_ID": "1",
        "REDEEM_PARTNERS__SOVENDUS__BASE_URL": sandbox_url,
        "REDEEM_PARTNERS__UNIQODO__BASE_URL": sandbox_url,
    }
