"""`redeem sandbox`: both partner APIs on this machine, to try things out without calling a partner."""

from __future__ import annotations

import signal

import click
from typing_extensions import override


class _SandboxCommand(click.Command):
    """Shows the sandbox's own guide under `--help`."""

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from worker.dev.sandbox.guide import GUIDE  # noqa: PLC0415  # only this command may import worker.dev

        formatter.write(f"\n{GUIDE}")


@click.command(cls=_SandboxCommand)
@click.option("--port", type=click.IntRange(0, 65_535), default=8099, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def sandbox(port: int, host: str) -> None:
    """Run only the partner sandbox; Ctrl-C stops it."""
    from worker.dev.sandbox import Sandbox  # noqa: PLC0415  # only this command may import worker.dev

    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before any thread starts: they inherit it, and we wait for it
    partners = Sandbox(port=port, host=host)
    try:
        partners.start()
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    click.echo(f"Partner sandbox on {partners.url} (faults, codes and books: curl {partners.url}/). Ctrl-C stops it.")
    signal.sigwait(stops)
    partners.stop()
