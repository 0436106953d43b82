"""`redeem relay`: from the outbox of the ERP's database into the ledger, through the same step as every other door."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click
from pydantic import SecretStr, ValidationError

from config.durations import Within
from config.groups import Relay as RelaySettings
from config.settings import Settings
from worker.cli.connection import No, connected
from worker.cli.durations import Duration
from worker.cli.extras import of_extra
from worker.cli.other_installations import warn_where_only_others_work
from worker.cli.printing import json_option, print_fields, print_json
from worker.configuration import settings

if TYPE_CHECKING:
    from worker.relay.relay import Relay, Summary


@click.command()
@click.option("--dsn", metavar="URL", help="The database. Better set REDEEM_RELAY__DSN: a process list shows this.")
@click.option("--once", is_flag=True, help="Relay what waits, write back what is settled, and end.")
@click.option(
    "--every",
    type=Duration(Within("10ms", "1d", "it is how long an order waits, and how often the database is asked")),
    default="1s",
    show_default=True,
    help="How often to look for new rows.",
)
@click.option("--batch", type=click.IntRange(1, 1000), default=100, show_default=True, help="Rows in one transaction.")
@click.option("--ddl", type=click.Choice(["postgresql", "mysql", "sqlite"]), help="Print the table's SQL, and end.")
@json_option
def relay(*, dsn: str | None, once: bool, every: float, batch: int, ddl: str | None, as_json: bool) -> None:
    """Take orders from the table redemption_outbox of the ERP's database, and write back what became of them.

    Runs until SIGTERM or Ctrl-C; what is away, Redis or the database, is waited for. With --once the exit status is 1
    where either is away. MariaDB is mysql.
    """
    with of_extra("sql", "sqlalchemy"):
        import sqlalchemy  # noqa: F401, PLC0415 - only whether it is there: the extra may be missing
    if ddl is not None:
        from worker.relay.ddl import ddl as statements  # noqa: PLC0415 - needs the extra

        click.echo(statements(ddl), nl=False)
        return
    if as_json and not once:
        raise click.UsageError("--json is for --once: a relay that goes on tells its log")
    _relay(_settings(dsn), once=once, every=every, batch=batch, as_json=as_json)


def _settings(dsn: str | None) -> Settings:
    """With the DSN as if it were set, so that its password is known to all that redacts."""
    if dsn is None:
        return settings()
    try:
        given = RelaySettings(dsn=SecretStr(dsn))
    except ValidationError as error:
        text = str(error.errors(include_input=False)[0]["ctx"]["error"])
        raise click.BadParameter(text, param_hint="--dsn") from None  # the cause may hold the password
    return settings().model_copy(update={"relay": given})


def _relay(chosen: Settings, *, once: bool, every: float, batch: int, as_json: bool) -> None:
    from worker.relay.database import Database  # noqa: PLC0415 - needs the extra
    from worker.relay.errors import DatabaseError, WrongDatabase  # noqa: PLC0415 - as above
    from worker.relay.journaling import Door  # noqa: PLC0415 - as above
    from worker.relay.relay import Relay  # noqa: PLC0415 - as above

    if chosen.relay.dsn is None:
        raise click.UsageError("which database? Set REDEEM_RELAY__DSN, or give --dsn")
    try:
        database = Database(chosen.relay.dsn.get_secret_value())
        with contextlib.closing(database), connected(chosen) as (app, runtime):
            work = Relay(database, Door(app, runtime), batch=batch)
            warn_where_only_others_work(runtime)
            if once:
                _tell(work.once(), as_json=as_json)
            else:
                _run(work, every)
    except WrongDatabase as error:
        raise click.UsageError(str(error)) from None  # as worded for people; causes may hold rows
    except DatabaseError as error:
        raise No(str(error)) from None  # as above


def _run(work: Relay, every: float) -> None:
    from worker.relay.loop import run  # noqa: PLC0415 - as above
    from worker.relay.stopping import Stop  # noqa: PLC0415 - as above

    with contextlib.closing(Stop()) as stop, stop.by_signal():
        run(work, stop, every=every)


def _tell(summary: Summary, *, as_json: bool) -> None:
    told = {"relayed": summary.relayed, "refused": summary.refused, "written_back": summary.written_back}
    row = {**told, "open": summary.open}
    if as_json:
        print_json([row])
    else:
        print_fields(row)
