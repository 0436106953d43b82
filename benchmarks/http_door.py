"""How fast the HTTP door is: `./run python -m benchmarks.http_door [HOW MANY]` (4,000 orders a row if not given).

Against what the same machine does in the same minute: Celery's `send_task` of one message, what `redeem emit` does with
an order (in this process), and a route that answers 202 and nothing else. Orders have one code each; clients keep their
connections, and send their next request when the last is answered. CPU is told by order, of the process that takes it
(ours, the door's, the bare route's) and of the broker; on a machine that does other work too, compare rows of one run.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from celery import Celery

from benchmarks.load import Measured, Row, over_http, serving
from config.settings import load_settings
from tasks.acceptance import accept_all
from tasks.orders import parse_order
from tasks.partners import SPECS
from tasks.runtime import Runtime
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import LOOPBACK

_TOKEN: Final = "the-token-of-a-benchmark"  # noqa: S105 - opens nothing but the door started here
_SERVE: Final = (sys.executable, "-c", "from worker.cli import main; main()", "serve")
_BARE: Final = (sys.executable, "-c", "from benchmarks.http_door import bare; bare()")
_CLIENTS: Final = (1, 8, 32)
_BATCHES: Final = (100, 1000)
_WARMING: Final = 200
_numbers: Final = itertools.count()


def event() -> dict[str, Any]:
    """An order that no other is."""
    number = next(_numbers)
    return {
        "order_id": f"TOVSGH-{100000 + number}", "shop": "uk", "order_value": "219.99", "currency": "GBP",
        "coupons": [{"code": f"SKDX{number:08}", "discount": "50.95"}], "email": f"jane.doe.{number}@example.com",
    }  # fmt: skip


def request(body: bytes) -> bytes:
    """A whole `POST /orders`."""
    head = (
        f"POST /orders HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {_TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def in_process(name: str, calls: Sequence[Callable[[], object]], orders: int, broker: EmbeddedValkey) -> Row:
    """One call after the other, in this process."""
    row = Row(name, orders)
    with Measured(row, taker=os.getpid(), broker=broker.pid or 0):
        for call in calls:
            began = time.perf_counter()
            call()
            row.waits.append(time.perf_counter() - began)
    return row


def bare() -> None:
    """A route that answers 202 and does nothing, on the server that the door runs on."""
    import uvicorn  # noqa: PLC0415 - an extra, for this alone
    from starlette.applications import Starlette  # noqa: PLC0415 - as above
    from starlette.requests import Request  # noqa: PLC0415 - as above
    from starlette.responses import JSONResponse, Response  # noqa: PLC0415 - as above
    from starlette.routing import Route  # noqa: PLC0415 - as above

    async def take(request: Request) -> Response:
        await request.body()
        return JSONResponse({"accepted": []}, 202)

    app = Starlette(routes=[Route("/orders", take, methods=["POST"])])
    uvicorn.run(app, host=LOOPBACK, port=int(sys.argv[-1]), log_level="warning", access_log=False)


def rows(count: int, folder: Path, broker: EmbeddedValkey, environment: dict[str, str]) -> Iterator[Row]:
    """Everything, one after the other."""
    shop = Celery(broker=broker.url)
    message = [(lambda: shop.send_task("orders.completed", [event()], queue="orders")) for _ in range(count)]
    message[0]()
    yield in_process("send_task, a message each", message, count, broker)

    with contextlib.closing(shop):
        app, runtime = shop, Runtime(load_settings(SPECS, environ=environment, directory=folder))
        for size in (1, *_BATCHES):

            def hand_in(size: int = size) -> None:
                orders = [parse_order(event(), now=datetime.now(UTC)) for _ in range(size)]
                accept_all(app, runtime, orders)

            hand_in()
            yield in_process(f"accepted in process, {size} at once", [hand_in] * (count // size), count, broker)
        runtime.ledger.redis.close()

    ways = [("a route that does nothing", _BARE), ("POST /orders", _SERVE)]
    for name, command in ways:
        with serving(command, environment, folder / "log") as (port, pid):
            processes = {"taker": pid, "broker": broker.pid or 0}
            single = [request(json.dumps(event()).encode()) for _ in range(_WARMING)]
            over_http(Row("", 1), port, 8, single, **processes)
            for clients in _CLIENTS:
                single = [request(json.dumps(event()).encode()) for _ in range(count)]
                yield over_http(Row(f"{name}, {clients} clients", count), port, clients, single, **processes)
    with serving(_SERVE, environment, folder / "log") as (port, pid):
        processes = {"taker": pid, "broker": broker.pid or 0}
        for size, clients in itertools.product(_BATCHES, (1, 8)):
            batches = [request(json.dumps([event() for _ in range(size)]).encode()) for _ in range(count // size * 2)]
            row = Row(f"POST /orders, {size} at once, {clients} clients", len(batches) * size)
            yield over_http(row, port, clients, batches, **processes)


def main() -> None:
    """Measure, and print each row as it comes."""
    count = max(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000, *_BATCHES)
    print(f"{'':<44}  {'orders':>7}  {'ms':>7}  {'ms':>7}  {'CPU ms an order':>14}")  # noqa: T201 - its result
    print(f"{'':<44}  {'/s':>7}  {'p50':>7}  {'p99':>7}  {'taker':>6}  {'broker':>6}")  # noqa: T201 - as above
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder) / "broker") as broker:
        environment = os.environ | {
            "REDEEM_BROKER_URL": broker.url,
            "REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "1000",
            "REDEEM_SHOPS__UK__TOKEN": _TOKEN,
            "REDEEM_WEB__ORDERS_PER_SECOND": "0",
            "REDEEM_LOG_LEVEL": "WARNING",
        }
        for row in rows(count, Path(folder), broker, environment):
            print(row.line(), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
