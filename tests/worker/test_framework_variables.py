"""Which variables of Celery and Flower are dropped, and that none they read is unknown to us."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from celery.bin.celery import celery as celery_group
from click import Option

from tests.tasks import examples
from worker.framework_variables import (
    celery_variables,
    drop_framework_variables,
    flower_variables,
    not_heeded,
)

BROKER = "redis://:pass-word@broker.example:6379/3"
OTHER = "redis://:0therword@other.example:6379/0"
SETTINGS = examples.settings(BROKER_URL=BROKER)

READ_BY_FRAMEWORKS = {
    # Celery's command: the broker, its options, and what of them it keeps for its own modules.
    **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"), "dropped"),
    **dict.fromkeys(("CELERY_RESULT_BACKEND", "CELERY_LOADER", "CELERY_CONFIG_MODULE", "CELERY_RDBSIG"), "dropped"),
    **dict.fromkeys(("CELERY_RDB_HOST", "CELERY_RDB_PORT", "CELERY_CUSTOM_WORKER_POOL"), "dropped"),
    **dict.fromkeys(("BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE"), "dropped"),
    **dict.fromkeys(("CELERY_LOG_LEVEL", "CELERY_LOG_FILE", "CELERY_LOG_REDIRECT"), "dropped: for prefork's children"),
    "CELERY_LOG_REDIRECT_LEVEL": "dropped: for prefork's children",
    **dict.fromkeys(("APP", "NO_COLOR", "SKIP_CHECKS", "CELERY_SKIP_CHECKS"), "no setting of ours"),
    # Debugging of the libraries themselves, and limits of what Redeem does not use.
    **dict.fromkeys(
        ("C_IMPDEBUG", "C_STRICT_APP", "C_WARN_APP", "C_REMDEBUG", "C_BENCH", "C_BENCH_EVERY"), "debugging"
    ),
    **dict.fromkeys(("CELERY_BENCH", "CELERY_BENCH_EVERY", "CELERY_TRACE_APP", "TIMER_DEBUG"), "debugging"),
    **dict.fromkeys(("KOMBU_LOG_DEBUG", "KOMBU_LOG_CHANNEL", "KOMBU_LOG_CONNECTION", "MP_LOG"), "debugging"),
    **dict.fromkeys(("KOMBU_DEBUG_POOL", "DISABLE_TRACEBACKS", "C_WNOCONF", "USE_FAST_LOCALS"), "debugging"),
    **dict.fromkeys(("EVENTLET_NOBLOCK", "AUTOSCALE_KEEPALIVE", "MP_MAIN_FILE", "NO_WORKER"), "not used here"),
    **dict.fromkeys(("FORKED_BY_MULTIPROCESSING", "C_FAKEFORK", "NOSETPS", "C_FORCE_ROOT"), "not used here"),
    **dict.fromkeys(("PICKLE_PROTOCOL", "KOMBU_DISABLE_LIMIT_PROTECTION"), "not used here"),
    **dict.fromkeys(("SLMQ_ACCOUNT", "SL_USERNAME", "SL_API_KEY", "SLMQ_HOST", "SLMQ_PORT"), "another transport's"),
    **dict.fromkeys(("SLMQ_SECURE", "PUBSUB_EMULATOR_HOST"), "another transport's"),
    **dict.fromkeys(("ITERM_PROFILE", "TERM", "PWD"), "the terminal's"),
    # Flower, besides its options, which FLOWER_VARIABLES has.
    **dict.fromkeys(("FLOWER_OAUTH2_KEY", "FLOWER_OAUTH2_SECRET", "FLOWER_OAUTH2_REDIRECT_URI"), "see FLOWER_OPTIONS"),
    **dict.fromkeys(("FLOWER_GITHUB_OAUTH_DOMAIN", "FLOWER_GITLAB_OAUTH_DOMAIN"), "details of its OAuth"),
    **dict.fromkeys(("FLOWER_GITLAB_AUTH_ALLOWED_GROUPS", "FLOWER_GITLAB_MIN_ACCESS_LEVEL"), "details of its OAuth"),
    "FLOWER_OAUTH2_OKTA_BASE_URL": "details of its OAuth",
    "FLOWER_UNAUTHENTICATED_API": "counts only without a login, and then only this machine is answered",
}
"""Every name that these libraries look up in the environment, and what becomes of it here."""

FLOWER_OPTIONS = {
    **dict.fromkeys(("port", "address", "unix_socket", "basic_auth", "read_only"), "a setting of ours"),
    **dict.fromkeys(("conf", "tasks_columns", "debug"), "ours"),
    **dict.fromkeys(("auth", "auth_provider", "oauth2_key", "oauth2_secret", "oauth2_redirect_uri"), "another login"),
    **dict.fromkeys(("inspect_timeout", "max_workers", "max_tasks", "purge_offline_workers"), "Flower's own"),
    **dict.fromkeys(("db", "persistent", "state_save_interval", "broker_api", "enable_events"), "Flower's own"),
    **dict.fromkeys(("ca_certs", "certfile", "keyfile", "xheaders", "cookie_secret", "url_prefix"), "Flower's own"),
    **dict.fromkeys(("auto_refresh", "format_task", "natural_time", "task_runtime_metric_buckets"), "Flower's own"),
}

_LOOKED_UP = re.compile(
    r"""(?:environ(?:\.get|\.pop)?\s*[\[(]|getenv\(|envvar=|env=|_env_int\(|_env_float\()\s*['"]([A-Za-z_0-9]+)['"]"""
)


def test_no_variable_is_read_that_nobody_has_decided_about() -> None:
    read = {name for package in ("celery", "kombu", "flower") for name in looked_up_by(package)}
    assert read - READ_BY_FRAMEWORKS.keys() - {"CELERY_CONFIG_MODULE"} == set(), "decide what becomes of these"
    assert {"CELERY_BROKER_URL", "BROKER_URL", "FLOWER_UNAUTHENTICATED_API"} <= read, "the search finds nothing"


def looked_up_by(package: str) -> Iterator[str]:
    (folder,) = importlib.import_module(package).__path__
    for file in Path(folder).rglob("*.py"):
        if "testing" not in file.parts and file.name != "pytest.py":
            yield from _LOOKED_UP.findall(file.read_text(encoding="utf-8"))


def test_what_is_to_be_dropped_is_dropped() -> None:
    environ = dict.fromkeys(READ_BY_FRAMEWORKS, "x")
    drop_framework_variables(environ, SETTINGS)
    kept = {name for name, what in READ_BY_FRAMEWORKS.items() if not what.startswith("dropped")}
    assert environ.keys() == kept


def test_each_option_of_celerys_commands_is_dropped_as_a_variable() -> None:
    names = [f"CELERY_{option.name}".upper() for option in celery_group.params if isinstance(option, Option)]
    for command in celery_group.commands.values():
        names += [f"CELERY_{command.name}_{option.name}".upper() for option in command.params]
    environ = dict.fromkeys(names, "x")
    assert {"CELERY_BROKER", "CELERY_WORKER_POOL", "CELERY_WORKER_QUEUES"} <= environ.keys()
    drop_framework_variables(environ, SETTINGS)
    assert environ.keys() == {"CELERY_APP", "CELERY_QUIET", "CELERY_NO_COLOR", "CELERY_SKIP_CHECKS"}


def test_every_option_of_flower_is_decided_about() -> None:
    import flower.options as _  # noqa: F401, PLC0415 - defines them
    from tornado.options import options  # noqa: PLC0415 - as above

    defined = {name.replace("-", "_") for name in options if _file_of(name) == "options.py"}
    assert defined == FLOWER_OPTIONS.keys()


def _file_of(name: str) -> str:
    from tornado.options import options  # noqa: PLC0415 - once Flower has defined its own

    return Path(options._options[options._normalize_name(name)].group_name or "").name  # noqa: SLF001 - as Flower does


def test_of_flowers_those_that_outrank_a_setting_are_dropped() -> None:
    environ = {f"FLOWER_{name.upper()}": "x" for name in FLOWER_OPTIONS}
    ours = {name for name, what in FLOWER_OPTIONS.items() if what in {"a setting of ours", "ours"}}
    logins = {name for name, what in FLOWER_OPTIONS.items() if what == "another login"}
    assert flower_variables(environ, SETTINGS) == sorted(f"FLOWER_{name.upper()}" for name in ours)
    locked = examples.settings(BROKER_URL=BROKER, FLOWER__BASIC_AUTH="ann:s3cret")
    assert flower_variables(environ, locked) == sorted(f"FLOWER_{name.upper()}" for name in ours | logins)


def test_what_agrees_with_the_settings_is_not_worth_a_word() -> None:
    said = {"CELERY_BROKER_URL": BROKER, "BROKER_URL": BROKER, "CELERY_LOG_LEVEL": "20", "CELERY_APP": "worker.app"}
    assert celery_variables(said | {"CELERY_RESULT_BACKEND": "", "HOME": "/root"}, SETTINGS) == []
    other = said | {"CELERY_BROKER_URL": OTHER, "CELERY_WORKER_POOL": "prefork"}
    assert celery_variables(other, SETTINGS) == ["CELERY_BROKER_URL", "CELERY_WORKER_POOL"]
    derived = {"BROKER_URL": OTHER, "CELERY_BROKER_URL": OTHER}  # Celery's command made the second of the first
    assert celery_variables(derived, SETTINGS) == ["BROKER_URL"]


def test_a_socket_is_the_same_broker_in_kombus_words() -> None:
    settings = examples.settings(BROKER_URL="unix:///run/redis.sock?db=2")
    assert celery_variables({"CELERY_BROKER_URL": "redis+socket:///run/redis.sock?virtual_host=2"}, settings) == []


def test_the_line_names_variables_and_settings_and_no_value() -> None:
    line = not_heeded(celery_variables({"CELERY_BROKER_URL": OTHER, "CELERY_LOADER": "theirs"}, SETTINGS))
    assert line == (
        "not heeded in the environment: CELERY_BROKER_URL, CELERY_LOADER; Redeem goes by REDEEM_BROKER_URL. Unset them."
    )
    assert not_heeded(["FLOWER_CONF"]) == "not heeded in the environment: FLOWER_CONF. Unset it."
