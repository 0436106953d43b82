"""A shop's own Celery app, with none of our code: run as a script, its job comes as JSON on standard input."""

from __future__ import annotations

import json
import sys

from celery import Celery

job = json.load(sys.stdin)
app = Celery("shop", broker=job["broker"])
app.conf.update(job["conf"])
for message in job["messages"]:
    app.send_task("orders.completed", message["args"], message["kwargs"], queue="orders", **message["options"])
assert not {"config", "tasks", "worker"} & sys.modules.keys(), "a bare shop has none of our code"
