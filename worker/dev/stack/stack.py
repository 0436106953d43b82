"""The stack itself: starts its services in order, watches them, and stops them warm; the broker is its caller's.

In order: sandbox, then the first worker and Flower, then sample orders, which Flower would not show if it came later,
then the HTTP door and the other workers. To stop: the door first, so that what it has taken is still worked on, then
the workers, all at once, with time for the calls in flight, then Flower and the sandbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from worker.dev.broker import BrokerError, EmbeddedValkey
from worker.dev.stack import programs
from worker.dev.stack.emitting import Emitter
from worker.dev.stack.interrupts import Interrupts
from worker.dev.stack.narration import Narrator
from worker.dev.stack.service import NotReadyError, Program, Service
from worker.dev.stack.workers import Workers

START_WITHIN = 60.0
"""Seconds for each service; a slow machine's first start compiles every module."""
OTHERS_GRACE = 5.0
"""Seconds for the door, Flower and the sandbox to stop."""
LOOK = 0.5
"""Seconds between two looks at the broker, and at what was not told."""
REVIVE_AGAIN = 10.0
"""Seconds until a broker that could not be started is tried again: its disk may still be full."""


@dataclass(frozen=True)
class Plan:
    """What to run. `environment` is the children's whole one; `sandbox_port` None: the shops' partners are real;
    `web_port` None: nobody could come in by the HTTP door.
    """

    directory: Path
    environment: Mapping[str, str]
    flower_port: int
    sandbox_port: int | None
    web_port: int | None
    grace: float
    """Seconds that the workers' calls in flight may take at a stop."""
    workers: int = 1
    """How many worker processes, at least 1."""
    sample_orders: tuple[dict[str, Any], ...] = ()
    hints: tuple[str, ...] = ()
    """Told once everything runs and the sample orders are through."""


class Stack:
    """Runs a plan until a signal asks for its stop. `say` takes a kind (see `narration.Told`) and a line."""

    def __init__(self, plan: Plan, broker: EmbeddedValkey | None, say: Callable[[str, str], None]) -> None:
        self._plan = plan
        self._broker = broker
        self._say = say
        self._logs = plan.directory / "logs"
        self._interrupts = Interrupts()
        self._emitter = Emitter(plan.sample_orders, plan.environment)
        self._narrator = Narrator(say, self._emitter.settled)
        self._workers = Workers(plan.environment, self._logs, say, self._narrator)
        self._services: list[Service] = []
        self._narrating: list[asyncio.Task[None]] = []
        self._revive_at = 0.0

    async def run(self) -> int:
        """The exit status: 0 after a warm stop, 1 when something did not start or had to be cut short."""
        self._interrupts.listen()
        started = True
        try:
            await self._unless_stopped(self._start)
            await self._unless_stopped(self._keep)
        except NotReadyError as error:
            self._say("error", str(error))
            started = False
        finally:
            warm = await self._stop()
        return 0 if started and warm else 1

    async def _unless_stopped(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the work, or drop it when a stop is asked for. Raises what the work raises."""
        if self._interrupts.stop.is_set():
            return
        task, stop = asyncio.create_task(work()), asyncio.create_task(self._interrupts.stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def _start(self) -> None:
        plan = self._plan
        if plan.sandbox_port is not None:
            sandbox = await self._launch(programs.sandbox(plan.environment, self._logs, plan.sandbox_port))
            await sandbox.until_ready(START_WITHIN)
        worker = await self._launch_worker(self._workers.first())
        flower = await self._launch(programs.flower(plan.environment, self._logs, plan.flower_port))
        await worker.until_ready(START_WITHIN)
        await flower.until_ready(START_WITHIN)
        self._say("Flower", f"http://127.0.0.1:{plan.flower_port}")

    async def _open_door(self, port: int) -> Service | None:
        """The HTTP door once it is ready; None where it does not come up, which is said: the rest runs without."""
        door = await self._launch(programs.web(self._plan.environment, self._logs, port), first=True)
        try:
            await door.until_ready(START_WITHIN)
        except NotReadyError as error:
            self._say("error", str(error))
            return None
        return door

    async def _launch(self, program: Program, *, first: bool = False) -> Service:
        service = Service(program, lambda text: self._say("warning", text))
        self._services.insert(0 if first else len(self._services), service)
        await service.launch()
        return service

    async def _launch_worker(self, program: Program) -> Service:
        service = await self._launch(program, first=True)
        self._narrating.append(asyncio.create_task(self._workers.narrate(program)))
        return service

    async def _keep_further_worker(self, number: int) -> None:
        await (await self._launch_worker(self._workers.further(number))).keep()

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for service in self._services:
                tasks.create_task(service.keep())
            tasks.create_task(self._look_after())
            if self._plan.sample_orders:
                self._say("", "")
                self._say("", f"{len(self._plan.sample_orders)} sample orders of the shop “demo”:")
                if failure := await self._emitter.emit():
                    self._say("error", f"the sample orders were refused: {failure}")
            port = self._plan.web_port
            opening = tasks.create_task(self._open_door(port)) if port else None
            if self._plan.sample_orders:  # while they wait for their retries there is time to start the door
                await self._emitter.until_settled()
            if opening and (door := await opening):
                tasks.create_task(door.keep())
                self._say("web", f"http://127.0.0.1:{port} takes orders over HTTP")
            for number in range(2, self._plan.workers + 1):
                tasks.create_task(self._keep_further_worker(number))
            for hint in self._plan.hints:
                self._say("", hint)

    async def _look_after(self) -> None:
        while True:
            self._narrator.count_up()
            if self._broker is not None:
                await self._look_after_broker(self._broker)
            await asyncio.sleep(LOOK)

    async def _look_after_broker(self, broker: EmbeddedValkey) -> None:
        if broker.exit_code() is not None and time.monotonic() >= self._revive_at:
            self._say("warning", "the embedded Valkey ended; starting it again")
            try:
                broker.revive()
            except BrokerError as error:
                self._say("error", f"{error}\n  tried again in {REVIVE_AGAIN:g} s")
                self._revive_at = time.monotonic() + REVIVE_AGAIN
        with contextlib.suppress(RedisError):  # it ends, or is busy: the next look is half a second away
            await asyncio.to_thread(broker.heal)

    async def _stop(self) -> bool:
        """Stop the door, the worker, then the others; whether all went warm."""
        if not self._services:
            return True
        self._say("", "")
        self._say(
            "stopping",
            f"once the calls in flight are done, {self._plan.grace:g} s at most; Ctrl-C again cuts them short",
        )
        warm = True
        for together in self._in_order():
            graces = [self._plan.grace if one.name.startswith("worker") else OTHERS_GRACE for one in together]
            stops = (one.stop(grace, self._interrupts.hasten) for one, grace in zip(together, graces, strict=True))
            watching = asyncio.create_task(self._hush())
            warm = all(await asyncio.gather(*stops)) and warm
            watching.cancel()
        if self._interrupts.hasten.is_set():
            self._say("stopping", "cut short: what was in flight is sent again after the next start")
        for task in self._narrating:
            task.cancel()
        if self._narrating:
            await asyncio.wait(self._narrating)
        return warm

    def _in_order(self) -> list[list[Service]]:
        """The services as they are to stop, one group after the other."""
        workers = [one for one in self._services if one.name.startswith("worker")]
        others = [[one] for one in self._services if one not in workers]
        doors = [group for group in others if group[0].name == "web"]
        return [*doors, workers, *(group for group in others if group not in doors)]

    async def _hush(self) -> None:
        """What Celery says of a cold stop is no news."""
        await self._interrupts.hasten.wait()
        self._workers.quiet = True
