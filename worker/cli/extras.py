"""Commands that need what only an extra of the install brings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click


class Missing(click.ClickException):
    """The extra is not installed: wrong use, exit status 2."""

    exit_code = 2


@contextlib.contextmanager
def of_extra(extra: str, *modules: str) -> Iterator[None]:
    """Around the import of what `extra` brings, whose top-level modules are `modules`.

    Raises Missing, which says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in modules:
            raise
        raise Missing(
            f'{error.name} is not installed; it comes with the extra "{extra}": '
            f"uv sync --locked --extra {extra}, or pip install '.[{extra}]'"
        ) from error
