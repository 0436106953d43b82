"""A shop's own Celery app, with none of our code. A script: its messages come as JSON lines, each answered by one."""

from __future__ import annotations

import json
import sys
import traceback

from celery import Celery

app = Celery("shop", broker=sys.argv[1])
app.conf.update(json.loads(sys.argv[2]))
for line in sys.stdin:
    message = json.loads(line)
    try:
        app.send_task("orders.completed", message["args"], message["kwargs"], queue="orders", **message["options"])
    except Exception:  # noqa: BLE001 - whatever it is, the shop does not count the event as sent
        traceback.print_exc()
        print("failed", flush=True)  # noqa: T201 - its answer
    else:
        print("sent", flush=True)  # noqa: T201 - as above
assert not {"config", "tasks", "worker"} & sys.modules.keys(), "a bare shop has none of our code"
