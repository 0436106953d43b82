"""`redeem completion`: the Tab key knows commands, options, partners, shops and reasons; it does not ask the broker."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

_VARIABLE: Final = "_REDEEM_COMPLETE"  # what click looks for in the environment of `redeem`


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    r"""Print the script that completes `redeem` in a shell.

    \b
    bash   in ~/.bashrc:   eval "$(redeem completion bash)"
    zsh    in ~/.zshrc:    eval "$(redeem completion zsh)"
    fish   redeem completion fish > ~/.config/fish/completions/redeem.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"{shell}: click cannot complete in it")
    click.echo(found(context.find_root().command, {}, "redeem", _VARIABLE).source())
