"""One installation of ours under test: its settings, its doors, its commands, and its ledger to look into."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from config.settings import load_settings
from tasks.intake import account_of
from tasks.ledger import State
from tasks.partners import SPECS
from tasks.runtime import Runtime
from tasks.standing.account_health import read_health
from tests.acceptance.kit.events import ids_of
from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.processes import REDEEM, WebProcess, WorkerProcess
from tests.acceptance.kit.producer import BareProducer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from tasks.ledger import Ledger, Record
    from tests.acceptance.kit.shops import Shop

_DESK: Final = (sys.executable, "-P", str(Path(__file__).with_name("operator_desk.py")))
_COMMAND_WITHIN: Final = 60.0
_WAITING: Final = {State.QUEUED, State.SENDING, State.RETRYING}


class System:
    """A context manager. `settings` are without their prefix, `directory` takes the logs."""

    def __init__(
        self, broker_url: str, partners_url: str, shops: Iterable[Shop], directory: Path, settings: Mapping[str, str]
    ) -> None:
        self.broker_url = broker_url
        self.directory = directory
        ours = {
            "BROKER_URL": broker_url,
            "PARTNERS__SOVENDUS__BASE_URL": partners_url,
            "PARTNERS__UNIQODO__BASE_URL": partners_url,
            **settings,
        }
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("REDEEM_")}
        self.environment |= {f"REDEEM_{name}": value for name, value in ours.items()}
        for shop in shops:
            self.environment |= shop.variables()
        self._runtime = Runtime(load_settings(SPECS, environ=self.environment, directory=directory))
        self._producer: BareProducer | None = None

    @property
    def ledger(self) -> Ledger:
        """Our books."""
        return self._runtime.ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            self._producer.close()
        self.ledger.redis.close()

    def worker(self, node: str = "worker", *options: str, **settings: str) -> WorkerProcess:
        """A worker with these options, not started yet; `settings` outweigh the system's."""
        ours = {f"REDEEM_{name}": value for name, value in settings.items()}
        return WorkerProcess(self.environment | ours, self.directory / f"{node}.log", *options, node=node)

    def web(self, name: str = "web", *options: str, **settings: str) -> WebProcess:
        """`redeem serve` with these options, not started yet; `settings` outweigh the system's."""
        ours = {f"REDEEM_{setting}": value for setting, value in settings.items()}
        return WebProcess(self.environment | ours, self.directory / f"{name}.log", *options)

    def redeem(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """What the `redeem` command prints; fails when it ends with another status."""
        done = self._run(*arguments, stdin=stdin)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def redeem_json(self, *arguments: str, stdin: str = "", status: int = 0) -> list[dict[str, Any]]:
        """The objects that a command prints under `--json`."""
        return [json.loads(line) for line in self.redeem(*arguments, "--json", stdin=stdin, status=status).splitlines()]

    def complaint(self, *arguments: str, stdin: str = "") -> str:
        """What the `redeem` command says on standard error; fails unless its answer is no."""
        done = self._run(*arguments, stdin=stdin)
        assert done.returncode == 1, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stderr

    def redeem_each(self, *commands: Sequence[str]) -> list[str]:
        """What each of several commands prints, on either stream, whatever its exit status."""
        done = subprocess.run(
            _DESK,
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.directory,
            timeout=_COMMAND_WITHIN,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs: list[str] = json.loads(done.stdout)
        return outputs

    def emit(self, *events: Mapping[str, Any]) -> list[str]:
        """Hand events in by `redeem emit`; the ids of their redemptions."""
        rows = self.redeem_json("emit", "-", stdin="\n".join(map(json.dumps, events)))
        return [id_ for row in rows for id_ in row["redemptions"]]

    def offer(self, *events: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Hand events in by `redeem emit`, however that ends: what it said of each event that it accepted."""
        done = self._run("emit", "-", "--json", stdin="\n".join(map(json.dumps, events)))
        return [row for row in map(json.loads, done.stdout.splitlines()) if "redemptions" in row]

    def send(self, *events: Mapping[str, Any]) -> list[str]:
        """Send events as a shop's Celery does that has none of our code; the ids that their redemptions will have."""
        if self._producer is None:
            self._producer = BareProducer(self.broker_url)
        for event in events:
            self._producer.send([event])
        return [id_ for event in events for id_ in ids_of(event)]

    def breaker(self, partner: str, shop: Shop) -> str:
        """How an account's breaker stands, in the words of `redeem status`."""
        account = account_of(self._runtime.settings, partner, shop.name)[0]
        return read_health(self.ledger, [account])[0].breaker

    def status(self, partner: str, shop: Shop) -> dict[str, Any]:
        """An account's row of `redeem status`."""
        rows = self.redeem_json("status")
        return next(row for row in rows if (row["partner"], row["shop"]) == (partner, shop.name))

    def record(self, redemption_id: str) -> Record:
        """One redemption's record."""
        record = self.ledger.find(redemption_id)
        assert record is not None, redemption_id
        return record

    def records(self, ids: Iterable[str]) -> list[Record]:
        """The records of those ids that exist."""
        return self.ledger.find_all(ids)

    def until_settled(self, ids: Iterable[str], *, within: float = 30.0) -> list[Record]:
        """The records, once none of them waits any more."""
        ids = list(ids)
        eventually(lambda: not self._unsettled(ids), within=within, what=f"settled: {', '.join(ids[:3])} …")
        return self.records(ids)

    def states(self, ids: Iterable[str]) -> set[str]:
        """The states that these redemptions are in."""
        return {record.state.value for record in self.records(ids)}

    def _run(self, *arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*REDEEM, *arguments),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.directory,
            timeout=_COMMAND_WITHIN,
            check=False,
        )

    def _unsettled(self, ids: list[str]) -> list[tuple[str, str]]:
        known = {record.id: record.state for record in self.records(ids)}
        missing = [(id_, "unknown") for id_ in ids if id_ not in known]
        return missing + [(id_, state.value) for id_, state in known.items() if state in _WAITING]
