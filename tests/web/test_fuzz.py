"""The door under generated requests: it keeps its own document, and takes exactly the events that are meant to be."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.web.conftest import TOKENS
from tests.web.event_oracle import fits_the_schema, refused_beyond
from tests.web.test_orders import journaled

if TYPE_CHECKING:
    from redis import Redis

    from tests.web.conftest import Served

BODIES = 40  # of each kind
CHECKED = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method"),
    "ignored_auth",
}


def fuzz(*words: str) -> list[Any]:
    """What `schema_fuzz.py` prints."""
    script = str(Path(__file__).with_name("schema_fuzz.py"))
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *words], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_door_keeps_its_own_document(web: Served) -> None:
    before = len(web.log())
    (found,) = fuzz("conform", web.url, TOKENS["uk"])
    assert found["failures"] == []
    assert found["checks"].keys() >= CHECKED
    paths = web.get("/openapi.json").json()["paths"]
    assert set(found["asked"]) == {f"{name.upper()} {path}" for path, methods in paths.items() for name in methods}
    assert "web.failed" not in web.log()[before:]


def test_what_fits_the_schema_is_taken_or_refused_for_a_rule_beyond_it_and_nothing_else_is(
    web: Served, redis: Redis
) -> None:
    ids, outcomes = set[str](), {"positive": Counter[int](), "negative": Counter[int]()}
    for row in fuzz("bodies", str(BODIES)):
        body = base64.b64decode(row["bytes"]) if "bytes" in row else row["json"]
        outcomes[row["mode"]][hand_in(web, body, ids)] += 1
    assert journaled(redis) == ids
    assert outcomes["positive"].keys() == {202, 422}, "generated events should be both"
    assert outcomes["negative"][422] > BODIES // 2


def hand_in(web: Served, body: Any, ids: set[str]) -> int:  # noqa: ANN401 - JSON, or bytes that are none
    """Send one event, hold the answer against the oracle, and add the ids that it promised to `ids`."""
    if isinstance(body, dict) and isinstance(body.get("shop"), str) and body["shop"].strip():
        body["shop"] = " UK "  # another's is refused with 403, which is tested elsewhere
    answer = web.post("/orders", body)
    if isinstance(body, bytes) or not fits_the_schema(body):
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"]
    elif expected := refused_beyond(body):
        assert answer.status_code == 422, (body, answer.text)
        assert {error["path"] for error in answer.json()["errors"]} <= expected, (body, answer.text)
    else:
        assert answer.status_code == 202, (body, answer.text)
        (order,) = answer.json()["accepted"]
        assert order["order_id"] == body["order_id"].strip()
        for id_ in order["redemptions"]:
            assert web.get(f"/redemptions/{quote(id_, safe='')}").json()["id"] == id_
        ids.update(order["redemptions"])
    return answer.status_code
