"""Many `redeem` commands in one process, which spares the start of each. A script: argument lists come as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import click

from worker.cli import redeem

outputs: list[str] = []
raw = io.BytesIO()
written = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)  # some commands write bytes
with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
    for arguments in json.load(sys.stdin):
        before = len(raw.getvalue())
        try:
            redeem.main(arguments, prog_name="redeem", standalone_mode=False)
        except click.ClickException as error:
            error.show(written)
        outputs.append(raw.getvalue()[before:].decode())
sys.stdout.write(json.dumps(outputs))
