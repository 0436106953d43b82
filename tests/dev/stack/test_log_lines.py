from __future__ import annotations

import asyncio
from pathlib import Path

from worker.dev.stack.log_lines import follow


def test_lines_come_whole_as_they_are_completed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\nsecond, not fin")

    async def read() -> list[str]:
        lines = follow(log)
        found = [await anext(lines)]
        later = asyncio.create_task(anext(lines))  # type: ignore[var-annotated,arg-type]  # anext is an awaitable
        await asyncio.sleep(0.1)
        assert not later.done()
        with log.open("ab") as stream:
            stream.write("ished: ü\n".encode() + b"broken \xff\n")
        async with asyncio.timeout(5):
            return [*found, await later, await anext(lines)]

    assert asyncio.run(read()) == ["first", "second, not finished: ü", "broken \ufffd"]
