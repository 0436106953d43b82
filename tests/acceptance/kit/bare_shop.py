"""A shop's own Celery app, with none of our code. A script: its messages come as JSON lines, each answered by one."""

from __future__ import annotations

import json
import sys

from celery import Celery

app = Celery("shop", broker=sys.argv[1])
app.conf.update(json.loads(sys.argv[2]))
for line in sys.stdin:
    message = json.loads(line)
    app.send_task("orders.completed", message["args"], message["kwargs"], queue="orders", **message["options"])
    print("sent", flush=True)  # noqa: T201 - its answer
assert not {"config", "tasks", "worker"} & sys.modules.keys(), "a bare shop has none of our code"
