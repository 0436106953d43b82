from __future__ import annotations

from tests.config.registry import load

SECRETS = {
    "REDEEM_BROKER_URL": "redis://default:br0ker%2Fpw@localhost/0",
    "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "api-k3y",
    "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "42",
    "REDEEM_SHOPS__UK__TOKEN": "t0ken-uk",
    "REDEEM_SHOPS__UK__WEBHOOK_SECRET": "h00k-uk",
    "REDEEM_FLOWER__BASIC_AUTH": "ann:fl0wer-pw",
    "REDEEM_SENTRY_DSN": "https://dsnk3y@sentry.example/7",
}


def test_every_secret_is_known_for_redaction_with_the_passwords_inside_urls() -> None:
    assert load(SECRETS).secrets() == {
        "redis://default:br0ker%2Fpw@localhost/0",
        "br0ker%2Fpw",
        "br0ker/pw",
        "api-k3y",
        "t0ken-uk",
        "h00k-uk",
        "ann:fl0wer-pw",
        "fl0wer-pw",
        "https://dsnk3y@sentry.example/7",
        "dsnk3y",
    }


def test_a_broker_without_password_is_no_secret() -> None:
    assert load().secrets() == frozenset()


def test_no_secret_shows_in_the_text_of_the_settings() -> None:
    settings = load(SECRETS)
    for text in (repr(settings), str(settings), f"{settings.shops}", settings.model_dump_json()):
        assert not [secret for secret in settings.secrets() if secret in text]
