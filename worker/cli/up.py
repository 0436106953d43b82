"""`redeem up`: the whole system on this machine, for a first look and for development."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from worker.open_files import raise_limit

PORT = click.IntRange(1, 65_535)


@click.command()
@click.option("--sample-orders/--no-sample-orders", default=True, help="Without a shop: show what becomes of orders.")
@click.option("--flower-port", type=PORT, help="Default: REDEEM_FLOWER__PORT, or any free one if that is not set.")
@click.option("--broker-port", type=PORT, help="Of the embedded Valkey; default: 16379, or any free one.")
@click.option("--sandbox-port", type=PORT, help="Of the partner sandbox; default: 8099, or any free one.")
@click.option("--web-port", type=PORT, help="Of the HTTP door; default: 8080, or any free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; default: one a core, four at the most.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".redeem"),
    show_default=True,
    help="Where the broker's data and the logs are.",
)
def up(  # noqa: PLR0913 - click hands over each option by itself
    *,
    sample_orders: bool,
    flower_port: int | None,
    broker_port: int | None,
    sandbox_port: int | None,
    web_port: int | None,
    workers: int | None,
    data_dir: Path,
) -> None:
    """Run the whole system here: broker, workers, HTTP door, Flower; without shops also the partner sandbox.

    Without REDEEM_BROKER_URL the broker is an embedded Valkey with an append-only file in the data directory. Without
    a configured shop no partner is called: a sandbox of both answers, and sample orders go through. The HTTP door is
    there where a shop has a token or a webhook secret. Ctrl-C stops
    everything once the calls in flight are done; a second Ctrl-C cuts them short.
    """
    # Only `up` and `sandbox` may import worker.dev, which needs the development dependencies.
    from worker.dev.broker import BrokerError  # noqa: PLC0415
    from worker.dev.directory_lock import DirectoryInUseError  # noqa: PLC0415
    from worker.dev.stack import up as stack  # noqa: PLC0415
    from worker.dev.stack.voice import Voice  # noqa: PLC0415
    from worker.dev.stack.wishes import PortTakenError, Wishes  # noqa: PLC0415

    raise_limit()
    wishes = Wishes(data_dir, sample_orders, broker_port, flower_port, sandbox_port, web_port, workers)
    try:
        sys.exit(stack.up(wishes, Voice()))
    except DirectoryInUseError as error:
        text = f"{error}. Stop it there with Ctrl-C, or start another with --data-dir."
        raise click.ClickException(text) from error
    except (BrokerError, PortTakenError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{data_dir} cannot be used: {error.strerror or error}") from error
