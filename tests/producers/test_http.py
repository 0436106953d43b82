"""The pasted HTTP clients against `redeem serve`, on good days and bad ones: taken once, refused for good, or kept.

All of them run at the same time, since most of what they do is wait before they try again.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from tasks.orders import hash_email
from tests.producers.front import HANGS, Front
from tests.producers.house import SECRET, TOKEN, Told
from tests.producers.page import paste
from tests.producers.programs import environment, node, php, python, shell
from tests.tools import tool
from worker.dev.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.producers.house import House

ADDRESS: Final = "Jäne+1@example.com"
PHP: Final = """
require 'redeem.php';
try {
    echo redeem_send(json_decode($argv[1], true)) ? 'taken' : 'refused';
} catch (RuntimeException $error) {
    fwrite(STDERR, $error->getMessage());
    echo 'again';
}
"""
NODE: Final = """
import { redeem } from "./redeem.mjs";
try {
  process.stdout.write((await redeem(JSON.parse(process.argv[2]))) ? "taken" : "refused");
} catch (error) {
  console.error(error.message);
  process.stdout.write("again");
}
"""
PYTHON: Final = """
import json, sys, redeem, requests
try:
    redeem.redeem(json.loads(sys.argv[1]))
    said = "taken"
except redeem.Refused as error:
    said = "refused"
    print(error, file=sys.stderr)
except requests.RequestException as error:
    said = "again"
    print(error, file=sys.stderr)
print(said, end="")
"""
CLIENTS: Final = ("redeem.php", "redeem.mjs", "redeem.py", "send-orders.sh", "send-signed.sh")
DAYS: Final[Mapping[str, tuple[int, ...]]] = {
    "good": (),
    "busy": (429, 503),
    "hangs once": (HANGS,),
    "refused": (),
    "wrong token": (),
    "down for long": (503,) * 9,
    "away": (),
}
"""What the door answers at first, of each kind of day."""


class Ran(NamedTuple):
    """How a client ended, what it said on standard error, and what it was answered."""

    end: str
    errors: str
    answered: list[int]
    order_id: str
    folder: Path


def order(order_id: str, *, valid: bool) -> dict[str, Any]:
    coupons = [{"code": "SKD1"}, {"code": f"UQ-{order_id}/é", "validation_key": "f458", "discount": "5.00"}]
    value = {"gross_value": "121.00", "tax": "20.17", "shipping": "4.17", "currency": "GBP"}
    return {"order_id": order_id, **value, "coupons": coupons if valid else [{"cod": "SKD1"}], "email": ADDRESS}


def command(client: str, folder: Path, text: str) -> tuple[str, ...]:
    """What runs the client; the shell's read the order from the folder `spool`, or from standard input."""
    paste(folder, client)
    if client == "redeem.php":
        return php(folder, PHP, text)
    if client == "redeem.mjs":
        return node(folder, NODE, text)
    if client == "redeem.py":
        return python(folder, PYTHON, text)
    return shell(folder, client)


def begin(client: str, folder: Path, url: str, secrets: tuple[str, str], text: str) -> subprocess.Popen[str]:
    """The client's program, under way."""
    (folder / "spool").mkdir()
    (folder / "spool" / "1.json").write_text(text, encoding="utf-8")
    token, secret = secrets
    variables = {"REDEEM_URL": url, "REDEEM_TOKEN": token, "REDEEM_SECRET": secret}
    with (folder / "spool" / "1.json").open() as given:
        return subprocess.Popen(
            command(client, folder, text),
            cwd=folder,
            env=environment(**variables, REDEEM_SPOOL=str(folder / "spool")),
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def outcome(client: str, program: subprocess.Popen[str], folder: Path) -> tuple[str, str]:
    """How it ended, in one word for all of them, and what it said on standard error."""
    said, errors = program.communicate(timeout=60)
    if client == "send-signed.sh":
        return {0: "taken", 1: "refused", 75: "again"}[program.returncode], errors
    if client == "send-orders.sh":
        left = [file.name for file in (folder / "spool").glob("1.json*")]
        return {(): "taken", ("1.json.refused",): "refused", ("1.json",): "again"}[tuple(left)], errors
    assert program.returncode == 0, errors
    return said, errors


@pytest.fixture(scope="module")
def ran(house: House, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Ran]:
    """How each client fared on each kind of day."""
    for name, package in (("php", "php-cli"), ("node", "nodejs"), ("curl", "curl"), ("openssl", "openssl")):
        tool(name, package=package)
    found = {}
    with contextlib.ExitStack() as stack:
        begun = []
        for day, first in DAYS.items():
            for client in CLIENTS:
                front = stack.enter_context(Front(house.door.url, first))
                folder, order_id = tmp_path_factory.mktemp("shop"), f"{client}-{day}"
                url = f"http://{LOOPBACK}:{free_port()}" if day == "away" else front.url
                secrets = ("wrong", "whsec_d3Jvbmc=") if day == "wrong token" else (TOKEN, SECRET)
                text = json.dumps(order(order_id, valid=day != "refused"))
                begun.append((client, day, front, folder, begin(client, folder, url, secrets, text)))
        for client, day, front, folder, program in begun:
            end, errors = outcome(client, program, folder)
            found[client, day] = Ran(end, errors, front.answered, f"{client}-{day}", folder)
    return found


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("day", ["good", "busy", "hangs once"])
def test_an_order_is_taken_and_reported_once(
    client: str, day: str, ran: Mapping[tuple[str, str], Ran], house: House
) -> None:
    fared = ran[client, day]
    assert fared.end == "taken", fared.errors
    assert fared.answered == [*DAYS[day], 202]
    assert house.reported(fared.order_id, 2) == {
        ("sovendus", "SKD1"): Told("96.66", "GBP", hash_email(ADDRESS)),
        ("uniqodo", f"UQ-{fared.order_id}/é"): Told("96.66", "GBP", key="f458", discount="5.00"),
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_not_valid_is_told_with_the_fields_name_and_not_sent_again(
    client: str, ran: Mapping[tuple[str, str], Ran]
) -> None:
    fared = ran[client, "refused"]
    assert fared.end == "refused", fared.errors
    assert fared.answered == [422]
    assert "cod" in fared.errors
    assert ADDRESS not in fared.errors


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("day", ["down for long", "away", "wrong token"])
def test_what_was_not_taken_is_kept_to_be_handed_in_again(
    client: str, day: str, ran: Mapping[tuple[str, str], Ran], house: House
) -> None:
    fared = ran[client, day]
    assert fared.end == "again", fared.errors
    assert fared.errors
    assert TOKEN not in fared.errors
    assert fared.answered == {"wrong token": [401], "away": []}.get(day, fared.answered)
    assert len(fared.answered) <= 4, "gives up soon, and comes again"
    assert house.was_told_nothing(fared.order_id)
