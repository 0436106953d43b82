"""The suite passes on any day: it is run whole under other clocks. That takes hours: `./run pytest -m soak` does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.faked_clock import NoFakedClock, ahead_of_now, faked_clock, main
from tests.tools import REQUIRED

ROOT: Final = Path(__file__).parent.parent
YEAR: Final = datetime.now(UTC).year
_MARCH: Final = date(YEAR + 1, 3, 31)
SUMMER: Final = _MARCH - timedelta(days=_MARCH.isoweekday() % 7)
"""The last Sunday in March, when Europe puts its clocks an hour ahead at 01:00 UTC."""
DAYS: Final = {
    "once all orders of today are forgotten": "+455d",  # REDEEM_LEDGER__KEEP is 400 days
    "in two years": "+730d",
    "on the next leap day": f"{YEAR + 4 - YEAR % 4}-02-29T11:00",
    "at the turn of the year": f"{YEAR + 1}-12-31T23:50",
    "when summer time begins": f"{SUMMER}T00:50",
    "in nine years": "+3300d",
}
"""The moments at which the suite begins."""
IN_BERLIN: Final = "when summer time begins"
PROGRAM: Final = """
import json, subprocess, sys, time
from pathlib import Path
from redis import Redis
from worker.dev.broker import EmbeddedValkey

began = time.monotonic()
time.sleep(0.1)
date = subprocess.run(["date", "+%s"], stdout=subprocess.PIPE, check=True)
with EmbeddedValkey(Path(sys.argv[1])) as server, Redis.from_url(server.url) as client:
    print(json.dumps([time.time(), int(date.stdout), client.time()[0], time.monotonic() - began]))
"""


def test_a_faked_clock_is_that_of_all_processes_and_of_the_broker(tmp_path: Path) -> None:
    ahead = timedelta(days=730)
    try:
        with faked_clock(ahead) as environment:
            command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
            ran = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60)
    except NoFakedClock as error:
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(str(error))
    *clocks, slept = json.loads(ran.stdout)
    expected = (datetime.now(UTC) + ahead).timestamp()
    assert all(abs(clock - expected) < 60 for clock in clocks), (clocks, expected)
    assert 0.1 <= slept < 60


@pytest.mark.parametrize("when", ["tomorrow", "2028-02-30", "+2y", "-1d"])
def test_a_day_that_is_none_is_wrong_use(when: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's
        ahead_of_now(when)
    assert main([when, "date"]) == main([when]) == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("day", DAYS)
def test_the_suite_passes(day: str) -> None:
    try:
        with faked_clock(ahead_of_now(DAYS[day])) as environment:
            if day == IN_BERLIN:
                environment["TZ"] = "Europe/Berlin"
            command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
            ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    except NoFakedClock as error:
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(str(error))
    assert ran.returncode == 0, ran.stdout[-5000:]
