"""`redeem check`: are the settings right, does the broker keep what it is given, what is missing? Calls no partner."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import click
from redis.exceptions import NoPermissionError, RedisError

from config.durations import format_duration
from config.logs import configure_logging
from config.redaction import Redactor
from config.sentry import configure_sentry, deliver
from config.settings import Settings
from tasks.ledger.books import LedgerBooks
from tasks.paging.page import trial_page
from tasks.paging.telling import tell
from tasks.partners import PARTNERS
from tasks.runtime import connect
from tasks.standing.append_only_file import WELL, DiskWatch
from worker.cli.check_accounts import check_accounts
from worker.cli.check_queues import check_queues
from worker.cli.connection import address, not_allowed
from worker.cli.finding import Finding
from worker.cli.other_installations import check_installations
from worker.cli.printing import json_option, print_json
from worker.cli.ways_in import check_relay, check_ways_in
from worker.configuration import settings as load
from worker.framework_variables import celery_variables, flower_variables, not_heeded

_OLDEST_REDIS: Final = 7
_NEARLY_FULL: Final = 0.8  # of maxmemory
_BRIEF: Final = 3600.0  # seconds; partners are away for longer
_PATIENCE: Final = 10.0  # seconds with Sentry


@click.command()
@click.option("--send-test-page", is_flag=True, help="Page as an alarm would: a log line, and a message to Sentry.")
@json_option
@click.pass_context
def check(context: click.Context, *, send_test_page: bool, as_json: bool) -> None:
    """Check settings, broker and accounts; calls no partner. The exit status is 1 if anything must be mended."""
    settings = load()
    findings = [Finding("ok", "settings", "valid"), *check_environment(settings), *check_patience(settings)]
    findings += [*check_broker(settings), *check_installations(settings), *check_shops(settings)]
    findings += [*check_accounts(settings), *check_queues(settings)]
    findings += [*check_ways_in(settings), *check_relay(settings)]
    findings += check_paging(settings, send=send_test_page)
    if as_json:
        print_json(vars(finding) for finding in findings)
    else:
        for finding in findings:
            click.echo(f"{finding.level:<8} {finding.subject}: {finding.text}")
    if any(finding.level == "error" for finding in findings):
        context.exit(1)


def check_environment(settings: Settings) -> Iterator[Finding]:
    """Whether somebody expects a variable of Celery's or Flower's to be heeded."""
    if names := [*celery_variables(os.environ, settings), *flower_variables(os.environ, settings)]:
        yield Finding("warning", "settings", not_heeded(names))


def check_patience(settings: Settings) -> Iterator[Finding]:
    """Whether a partner may be away for as long as partners are: a forgotten unit makes 48 hours 48 seconds."""
    limit = settings.retry.give_up_after
    if 0 < limit < _BRIEF:
        yield Finding(
            "warning",
            "settings",
            f"REDEEM_RETRY__GIVE_UP_AFTER is {format_duration(limit)}: what a partner does not answer within that "
            "becomes a dead letter; 48h is usual",
        )


def check_paging(settings: Settings, *, send: bool) -> Iterator[Finding]:
    """Where pages go; with `send`, whether a test page gets there."""
    subject = "paging"
    if send:
        redactor = Redactor(settings.secrets())
        configure_logging(settings.log_level, settings.log_format, redactor)
        configure_sentry(settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None, redactor)
        tell(trial_page())
    if settings.sentry_dsn is None:
        sent = "; a test page was logged" if send else ""
        yield Finding("ok", subject, f"log lines page.… and metrics only, since REDEEM_SENTRY_DSN is not set{sent}")
    elif not send:
        yield Finding("ok", subject, "to Sentry and as log lines; --send-test-page tries it")
    elif why := deliver(_PATIENCE):
        yield Finding("error", subject, f"REDEEM_SENTRY_DSN: Sentry did not take the test page: {why}")
    else:
        yield Finding("ok", subject, "Sentry has taken a test page; was anybody woken?")


def check_broker(settings: Settings) -> Iterator[Finding]:
    """Whether the broker is there, new enough, and loses nothing."""
    subject = f"broker {address()}"
    with connect(settings) as redis:
        try:
            info: dict[str, Any] = redis.info()
            books = LedgerBooks(redis, settings.key_prefix)
            disk = WELL if info.get("cluster_enabled") else DiskWatch(books).keep()  # a cluster has our keys elsewhere
        except NoPermissionError as error:
            yield Finding("error", subject, f"{not_allowed(error)} (check is for the users operator and monitor)")
            return
        except (RedisError, OSError) as error:
            yield Finding("error", subject, f"REDEEM_BROKER_URL: {error}")
            return
    yield _version(subject, info)
    if info.get("cluster_enabled"):
        yield Finding("error", subject, "a Redis Cluster, which Celery cannot use: take a single server or Sentinel")
    if info.get("role") not in (None, "master"):
        yield Finding(
            "error", subject, f"a {info['role']}, which takes no writes: point REDEEM_BROKER_URL at the master"
        )
    if info.get("aof_enabled"):
        yield Finding("ok", subject, "append-only file on")
    else:
        yield Finding(
            "warning",
            subject,
            "append-only file off: what was accepted since the last snapshot dies with it (appendonly yes)",
        )
    if disk.file.advice:
        yield Finding("error", subject, disk.file.advice)
    yield from _files(subject, info)
    yield from _room(subject, info)
    policy = info.get("maxmemory_policy", "unknown")
    if policy == "noeviction":
        yield Finding("ok", subject, "noeviction")
    else:
        yield Finding(
            "error", subject, f"maxmemory-policy is {policy}: redemptions may be evicted; it must be noeviction"
        )


def _files(subject: str, info: dict[str, Any]) -> Iterator[Finding]:
    """Whether the last of each file that it writes in the background was written."""
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        yield Finding("warning", subject, "its append-only file could not be written anew: is there room for two?")
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield Finding(
            "error", subject, "its last snapshot failed, and it may refuse writes for that: is its disk full?"
        )


def _room(subject: str, info: dict[str, Any]) -> Iterator[Finding]:
    """Whether it can take more."""
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if not most:
        return
    told = f"{used / 1e6:.0f} of {most / 1e6:.0f} MB of its memory used"
    if used >= most:
        yield Finding("error", subject, f"{told}: it takes no new orders; what is there still drains. Raise maxmemory")
    else:
        yield Finding("warning" if used > _NEARLY_FULL * most else "ok", subject, told)


def _version(subject: str, info: dict[str, Any]) -> Finding:
    valkey = info.get("valkey_version")
    version = f"Valkey {valkey}" if valkey else f"Redis {info['redis_version']}"
    if valkey or int(str(info["redis_version"]).split(".")[0]) >= _OLDEST_REDIS:
        return Finding("ok", subject, version)
    return Finding("error", subject, f"{version}: Redis 7 or later, or Valkey, is needed")


def check_shops(settings: Settings) -> Iterator[Finding]:
    """What each shop has, and what it seems to lack."""
    for name, shop in sorted(settings.shops.items()):
        has = [partner for partner in PARTNERS if shop.account(partner)]
        if has:
            yield Finding("ok", f"shop {name}", f"accounts with {', '.join(has)}; {len(shop.rules)} rules")
        else:
            yield Finding("error", f"shop {name}", "has no account with any partner")
        for partner in has:
            base_url = settings.endpoint(partner).base_url
            if base_url != PARTNERS[partner].base_url:
                yield Finding("warning", f"shop {name}", f"{partner} is {base_url}, not the partner's own address")
        routed = {rule.partner for rule in shop.rules} | {shop.default_partner}
        for partner in (one for one in PARTNERS if one in routed and one not in has):
            yield Finding(
                "warning",
                f"shop {name}",
                f"routes codes to {partner} but has no account there: they will be unroutable",
            )
