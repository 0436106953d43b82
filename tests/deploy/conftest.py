"""A broker guarded by deploy/redis, and each of its users at its whole work, one after the other, overheard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.guarded_broker import GuardedBroker
from tests.deploy.overhearing import Heard, Overheard
from tests.deploy.work import WORK, Stage
from worker.dev.sandbox import Sandbox


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedBroker]:
    """The server, for tests that leave its users as they are."""
    with GuardedBroker(tmp_path_factory.mktemp("guarded")) as server:
        yield server


@pytest.fixture(scope="session")
def heard(broker: GuardedBroker, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """What each user's programs said, and what the server refused them."""
    refused: dict[str, list[object]] = {}
    by_user: dict[str, Overheard] = {}
    with Sandbox(port=0) as partners, broker.admin() as admin:
        on = Stage(broker, partners.url, tmp_path_factory.mktemp("work"))
        for user, work in WORK.items():
            admin.script_flush()  # or only the first of them would be heard to load them
            admin.acl_log_reset()  # of what other tests have tried
            with Overheard(broker) as by_user[user]:
                work(on, by_user[user])
            refused[user] = admin.acl_log()
    return Heard(by_user, refused)
