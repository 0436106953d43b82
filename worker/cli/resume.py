"""`redeem resume`: closes accounts' breakers by hand; what rests goes out, a few at first."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tasks.ledger import Account, Ledger, Resumed
from tasks.standing.account_health import AccountHealth, read_health
from worker.cli.accounts import Outcome, Which, account_options, act_on_accounts
from worker.cli.printing import json_option


@click.command()
@account_options
@json_option
def resume(which: Which, *, reason: str, as_json: bool) -> None:
    """Let an account send again, whatever stopped it.

    It holds for the settings of all workers, whatever this command's own are.
    """
    act_on_accounts("resume", "resumed", which, resume_account, reason=reason, as_json=as_json)


def resume_account(ledger: Ledger, account: Account) -> Outcome:
    """Resume it under all settings there are; it is changed where the workers' were among them, or it was paused.

    Raises redis.RedisError.
    """
    (health,) = read_health(ledger, [account])
    resumed = ledger.resume(account)
    shut = [
        {"fingerprint": fingerprint, "breaker": breaker, "in_use": fingerprint in health.in_use}
        for fingerprint, breaker in sorted(resumed.shut.items())
    ]
    return Outcome(
        changed=resumed.paused or any(_counts(fingerprint, health) for fingerprint in resumed.shut),
        details=tuple(_details(health, resumed)),
        more={} if _as_expected(health, resumed) else {"resumed": shut, "settings_here": health.here},
        noted=bool(resumed),
    )


def _counts(fingerprint: str, health: AccountHealth) -> bool:
    """Whether workers have these settings, as far as they have told."""
    return fingerprint in health.in_use or not any(one.used_at for one in health.settings)


def _as_expected(health: AccountHealth, resumed: Resumed) -> bool:
    """Whether only these settings were resumed, and workers have them: then `changed` says it all."""
    return health.here == "same" and all(fingerprint in health.in_use for fingerprint in resumed.shut)


def _details(health: AccountHealth, resumed: Resumed) -> Iterator[str]:
    for fingerprint, breaker in sorted(resumed.shut.items()):
        if _counts(fingerprint, health):
            yield f"it was {breaker} under the settings {fingerprint}"
        else:
            yield f"forgotten: {breaker} under the settings {fingerprint}, which no worker has any more"
    if "refused" in (breaker for fingerprint, breaker in resumed.shut.items() if _counts(fingerprint, health)):
        yield "the next call shows whether the key is accepted; one mended in the settings needs the workers restarted"
    if resumed and health.here == "other":
        own, theirs = health.account.fingerprint, ", ".join(health.in_use)
        yield f"the workers have other settings ({theirs}) than this command ({own})"
