"""`python -m tests.acceptance.campaigns NAME`: runs a campaign and says what it found; exit status 1 unless clean."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from tests.acceptance.campaigns.registry import CAMPAIGNS
from tests.environment import isolate


def _list(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's own
    if wanted:
        for name, campaign in CAMPAIGNS.items():
            about = (campaign.run.__doc__ or "").partition("\n")[0]
            click.echo(f"{name.ljust(12)} {campaign.full.orders} orders, {campaign.full.faults} faults: {about}")
        context.exit()


@click.command()
@click.argument("name", type=click.Choice([*CAMPAIGNS, "all"]))
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="What there is.")
@click.option("--faults", "--kills", type=int, help="How many faults to inject.")
@click.option("--orders", type=int, help="How many orders to send.")
@click.option("--seed", type=int, help="Another one is another course of things.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a campaign.")
@click.option("--keep", is_flag=True, help="Keep logs and data of a clean campaign too.")
def main(name: str, *, faults: int | None, orders: int | None, seed: int | None, as_json: bool, keep: bool) -> None:
    """Run a campaign, or all of them one after the other, each at its full size unless an option says otherwise."""
    isolate()
    given = {"faults": faults, "orders": orders, "seed": seed}
    wished = {option: value for option, value in given.items() if value is not None}
    clean = True
    for campaign in CAMPAIGNS.values() if name == "all" else [CAMPAIGNS[name]]:
        directory = Path(tempfile.mkdtemp(prefix="campaign-"))
        report = campaign.run(directory, replace(campaign.full, **wished))
        click.echo(json.dumps(report.as_json()) if as_json else "\n".join([*report.lines(), ""]))
        if report.findings or keep:
            clean = clean and not report.findings
            click.echo(f"logs and data: {directory}", err=True)
        else:
            shutil.rmtree(directory)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
