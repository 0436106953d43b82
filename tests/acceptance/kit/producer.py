"""The bare shop as the tests hold it: a process that sends what it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self, cast

from tests.faked_clock import same_clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_BARE_SHOP: Final = (sys.executable, "-I", str(Path(__file__).with_name("bare_shop.py")))


class BareProducer:
    """A Celery app of somebody else's; `conf` are its Celery options. A context manager."""

    def __init__(self, broker_url: str, conf: Mapping[str, object] | None = None) -> None:
        self._process = subprocess.Popen(
            (*_BARE_SHOP, broker_url, json.dumps(conf or {})),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=same_clock(),
            text=True,
        )

    def send(
        self,
        args: Sequence[object],
        kwargs: Mapping[str, object] | None = None,
        **options: Any,  # noqa: ANN401 - JSON
    ) -> None:
        """Send `orders.completed`; `options` are `send_task`'s. Returns once the broker has it."""
        assert self.offer(args, kwargs, **options), "see its traceback above"

    def offer(
        self,
        args: Sequence[object],
        kwargs: Mapping[str, object] | None = None,
        **options: Any,  # noqa: ANN401 - JSON
    ) -> bool:
        """Send `orders.completed`; whether `send_task` returned, which acknowledges it, or raised."""
        message = json.dumps({"args": list(args), "kwargs": dict(kwargs or {}), "options": options})
        print(message, file=self._pipe(self._process.stdin), flush=True)
        answer = self._pipe(self._process.stdout).readline()
        assert answer in ("sent\n", "failed\n"), "see its traceback above"
        return answer == "sent\n"

    def close(self) -> None:
        """End it, and fail if it had any of our code."""
        for pipe in (self._process.stdin, self._process.stdout):
            self._pipe(pipe).close()
        assert self._process.wait(20) == 0

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        return cast("IO[str]", pipe)  # both were asked for

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
