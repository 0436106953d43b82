"""Environment variables of Celery and Flower that would outrank Redeem's settings; this process does without them.

Celery reads `CELERY_BROKER_URL` each time it connects, whatever its app says: a worker consumed from that Redis and
kept its ledger in another. Its command takes each option from `CELERY_<COMMAND>_<OPTION>` too, some from bare names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final

from config.broker import kombu_url
from config.settings import Settings

_CELERY: Final = "CELERY_"
_BARE: Final = frozenset({"BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE"})
"""Names that the options of the `celery` command are read from besides the prefixed ones (celery/bin/celery.py)."""

_HARMLESS: Final = frozenset(
    {
        "CELERY_APP",  # names the app, in place of -A
        "CELERY_QUIET",
        "CELERY_NO_COLOR",
        "CELERY_SKIP_CHECKS",  # Django's
        "CELERY_TRACE_APP",  # debugging of Celery itself, as are the next two
        "CELERY_BENCH",
        "CELERY_BENCH_EVERY",
    }
)
_NOTES: Final = frozenset({"CELERY_LOG_LEVEL", "CELERY_LOG_FILE", "CELERY_LOG_REDIRECT", "CELERY_LOG_REDIRECT_LEVEL"})
"""What Celery leaves in the environment for its children. A worker that SIGHUP restarted inherits them."""

_BROKERS: Final = frozenset(
    {"BROKER_URL", "CELERY_BROKER", "CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"}
)
_FLOWER: Final = {
    "FLOWER_PORT": "REDEEM_FLOWER__PORT",
    "FLOWER_UNIX_SOCKET": "REDEEM_FLOWER__PORT",
    "FLOWER_ADDRESS": "REDEEM_FLOWER__BASIC_AUTH",
    "FLOWER_BASIC_AUTH": "REDEEM_FLOWER__BASIC_AUTH",
    "FLOWER_READ_ONLY": "REDEEM_FLOWER__READ_ONLY",
    "FLOWER_CONF": "",  # another configuration would leave our login and pages out
    "FLOWER_TASKS_COLUMNS": "",
    "FLOWER_DEBUG": "",  # shows tracebacks in the browser
}
"""Variable → the setting that decides it. Flower's others (TLS, `url_prefix`, `persistent`, …) have no setting here."""
_OTHER_LOGINS: Final = dict.fromkeys(
    ("FLOWER_AUTH", "FLOWER_AUTH_PROVIDER", "FLOWER_OAUTH2_KEY", "FLOWER_OAUTH2_SECRET", "FLOWER_OAUTH2_REDIRECT_URI"),
    "REDEEM_FLOWER__BASIC_AUTH",
)
"""A second way in beside `REDEEM_FLOWER__BASIC_AUTH`; without that setting they are Flower's login."""


def celery_variables(environ: Mapping[str, str], settings: Settings) -> list[str]:
    """Names of Celery's variables in `environ` that are not heeded, sorted; none that agrees with the settings."""
    return sorted(name for name in _of_celery(environ) if name not in _NOTES and not _agrees(name, environ, settings))


def flower_variables(environ: Mapping[str, str], settings: Settings) -> list[str]:
    """Names of Flower's variables in `environ` that are not heeded, sorted."""
    refused = {*_FLOWER, *(_OTHER_LOGINS if settings.flower.basic_auth else ())}
    return sorted(refused & environ.keys())


def drop_framework_variables(environ: MutableMapping[str, str], settings: Settings) -> None:
    """Take out of `environ` whatever of Celery and Flower would outrank the settings."""
    for name in [*_of_celery(environ), *flower_variables(environ, settings)]:
        del environ[name]


def not_heeded(names: list[str]) -> str:
    """The line for an operator; without values, which may hold a password."""
    instead = sorted({setting for name in names if (setting := _setting(name))})
    said = f"; Redeem goes by {', '.join(instead)}" if instead else ""
    return f"not heeded in the environment: {', '.join(names)}{said}. Unset {'them' if len(names) > 1 else 'it'}."


def is_same_broker(url: str, settings: Settings) -> bool:
    """Whether a URL of Celery's says the same as `REDEEM_BROKER_URL`."""
    ours = settings.broker_url.get_secret_value()
    return url in {ours, kombu_url(ours)}


def _of_celery(environ: Mapping[str, str]) -> Iterator[str]:
    for name in list(environ):
        if name in _BARE or (name.startswith(_CELERY) and name not in _HARMLESS):
            yield name


def _agrees(name: str, environ: Mapping[str, str], settings: Settings) -> bool:
    """Whether it says nothing new: what the settings say, or what Celery's command took from the bare name."""
    value = environ[name]
    same = name in _BROKERS and is_same_broker(value, settings)
    return not value or same or (name.startswith(_CELERY) and environ.get(name.removeprefix(_CELERY)) == value)


def _setting(name: str) -> str:
    return "REDEEM_BROKER_URL" if name in _BROKERS else (_FLOWER | _OTHER_LOGINS).get(name, "")
