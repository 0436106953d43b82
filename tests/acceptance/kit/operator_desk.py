"""Many `redeem` commands in one process, which spares the start of each. A script: argument lists come as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import click

from worker.cli import redeem

outputs: list[str] = []
written = io.StringIO()
with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
    for arguments in json.load(sys.stdin):
        before = written.tell()
        try:
            redeem.main(arguments, prog_name="redeem", standalone_mode=False)
        except click.ClickException as error:
            error.show(written)
        written.seek(before)
        outputs.append(written.read())
sys.stdout.write(json.dumps(outputs))
