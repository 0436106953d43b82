"""`redeem dead`: the dead letters, to look at, bring back, or close.

What acts on more than one only says what it would do until it is told --yes. Every action leaves an audit entry.
"""

from __future__ import annotations

import click

from worker.cli.dead.discarding import discard
from worker.cli.dead.exporting import export
from worker.cli.dead.looking import list_, show
from worker.cli.dead.replaying import replay
from worker.cli.dead.statistics import stats
from worker.cli.group import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def dead() -> None:
    """List, show, count, export, replay and discard dead letters."""


for command in (list_, show, stats, export, replay, discard):
    dead.add_command(command)
