"""The `redeem` command: one file a subcommand, imported only when it is called.

The table below carries each command's one-line help, so that `redeem --help` and completion import nothing else.
"""
# ruff: noqa: ARG002, D102 - methods of click's, unmarked: typing_extensions would take a fifth of the time --help has

from __future__ import annotations

import importlib
import sys

import click
from click.shell_completion import CompletionItem

from config.complaints import SettingsError
from worker.cli.group import Group

COMMANDS: dict[str, str] = {
    "up": "Run the whole system here: broker, worker, Flower; without shops also the partner sandbox.",
    "sandbox": "Run only the partner sandbox, both APIs over HTTP.",
    "emit": "Validate order-completed events and journal them.",
    "serve": "Take orders over HTTP, and the webhooks of shop systems.",
    "relay": "Take orders from a table of the ERP's database, and write back what became of them.",
    "status": "What is queued, retrying, dead and redeemed, per partner and shop.",
    "show": "One redemption with all its attempts.",
    "dead": "List, show, count, export, replay and discard dead letters.",
    "pause": "Stop sending for an account, by hand.",
    "resume": "Let an account send again, whatever stopped it.",
    "retry": "Bring waiting retries forward to now.",
    "audit": "What operators did.",
    "report": "Every settled redemption of a period, as CSV or JSON.",
    "reconcile": "Compare a partner's statement with what was reported.",
    "metrics": "Print Prometheus metrics, once.",
    "erase": "Take an order or a customer out of everything that is kept.",
    "check": "Check settings and broker; calls no partner.",
    "completion": "Print the script that completes this command in a shell.",
    "schema": "Print the event's JSON Schema.",
}
"""Subcommand → one-line help; the command itself is the object of that name in `worker.cli.<name>`."""


class LazyGroup(Group):
    """A group that imports `worker.cli.<name>` only when the command `<name>` is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"worker.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"worker.cli.{cmd_name}.{cmd_name} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, which would have to import every command to say which one may be meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, without importing them."""
        named = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def redeem() -> None:
    """Tell Sovendus and Uniqodo which of their voucher codes an order used."""


def main() -> None:
    """Entry point of the `redeem` script. Exit status: 0; 1 for "no" (refused, not found); 2 for wrong use."""
    try:
        redeem.main(prog_name="redeem")
    except SettingsError as error:
        click.echo(f"redeem: {error}", err=True)
        sys.exit(2)
