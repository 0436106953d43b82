"""What commands work with: the app and its runtime, and one clear line where the broker does not answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import click
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError

from config.settings import Settings
from tasks.persistence import is_denied
from tasks.runtime import Runtime
from worker.composition import RedeemApp, create_app
from worker.configuration import settings


class No(click.ClickException):
    """The answer is no (refused, not found, out of reach): exit status 1."""

    exit_code = 1


@contextlib.contextmanager
def connected(chosen: Settings | None = None) -> Iterator[tuple[RedeemApp, Runtime]]:
    """The app with its runtime; what the broker cannot do becomes a sentence.

    The settings are those chosen, or the least that there must be: whoever sends or routes anything chooses
    `settings()`, which has every account. Raises SettingsError and, for everything Redis, No.
    """
    app = create_app(chosen or settings(least=True))
    app.log.setup_logging_subsystem()  # as a worker does; the default is standard output, unredacted
    try:
        yield app, app.runtime
    except BrokenPipeError:  # whoever read our output has had enough: click ends the command quietly
        raise
    except (AuthenticationError, AuthorizationError) as error:
        raise No(f"the broker refuses the login in REDEEM_BROKER_URL: {error}") from error
    except (RedisError, OSError) as error:
        if is_denied(error):
            raise No(not_allowed(error)) from error
        raise No(f"the broker ({address()}) cannot do that now: {error}") from error


def not_allowed(error: Exception) -> str:
    """What to tell somebody whose user in Redis has too few rights."""
    parts = urlsplit(settings(least=True).broker_url.get_secret_value())
    user = unquote(parts.username or parse_qs(parts.query).get("username", ["default"])[0])
    return f'the broker does not allow its user "{user}" that: {error}. What each user may: deploy/redis/users.acl'


def address() -> str:
    """The broker's address without its password."""
    url = settings(least=True).broker_url.get_secret_value()
    return url.rpartition("@")[2].removeprefix(url.partition("://")[0] + "://") if "@" in url else url
