"""schemathesis in a process of its own, since pytest would rewrite all of it on import. A script with two uses:

`conform URL TOKEN` asks the door there as its own document allows and forbids; prints one JSON object.
`bodies COUNT` makes up bodies that fit the event's schema, and as many that do not; prints one a line, `json`, or
`bytes` in base64, with its `mode`.
"""

from __future__ import annotations

import base64
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Verbosity, given, settings
from schemathesis import GenerationMode
from schemathesis.engine import events, from_schema

CONFIG = {
    "seed": 1,
    "continue-on-failure": True,
    "generation": {"max-examples": 5, "deterministic": True, "database": "none"},
    "phases": {
        "coverage": {
            "checks": {"ignored_auth": {"enabled": False}},  # two more requests for each of hundreds
            "generation": {"mode": "negative"},
        }
    },
    "checks": {
        # That a schema's yes is ours is tested by itself, where the rules beyond the schema are told one by one.
        "positive_data_acceptance": {"enabled": False},
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 408, 413, 415, 422]},
    },
    # What a shop system signed is never refused for what it says: it becomes a dead letter.
    "operations": [{"include-path-regex": "/webhooks/.*", "checks": {"negative_data_rejection": {"enabled": False}}}],
}
SCHEMA = Path(__file__).parents[2] / "docs" / "event.schema.json"


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def lines(_context: schemathesis.SerializationContext, text: Any) -> bytes:  # noqa: ANN401 - whatever it made up
    """JSON Lines, which the document has as text."""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else json.dumps(text).encode()


def conform(url: str, token: str) -> dict[str, Any]:
    """What was found: failures, which check was made how often, and the operations that were asked."""
    document = requests.get(f"{url}/openapi.json", timeout=60).json()
    config = CONFIG | {"headers": {"Authorization": f"Bearer {token}"}}
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))
    schema.config.update(base_url=url)
    failures, checks, asked = [], Counter[str](), set[str]()
    for happened in from_schema(schema).execute():
        if isinstance(happened, events.NonFatalError | events.FatalError):
            failures.append(str(happened))
        if not isinstance(happened, events.ScenarioFinished):
            continue
        asked.add(happened.recorder.label)
        for results in happened.recorder.checks.values():
            checks.update(result.name for result in results)
            failures += [
                f"{happened.recorder.label}: {found.failure.title}\n{found.failure.message}\n{found.code_sample}"
                for result in results
                if (found := result.failure_info) is not None
            ]
    return {"failures": failures, "checks": checks, "asked": sorted(asked)}


def bodies(mode: GenerationMode, count: int) -> list[Any]:
    """So many, the same on every run."""
    whole = json.loads(SCHEMA.read_text("utf-8").replace("#/$defs/", "#/components/schemas/"))
    components = {"schemas": whole.pop("$defs")}
    whole.pop("$schema")
    taken = {"required": True, "content": {"application/json": {"schema": whole}}}
    paths = {"/orders": {"post": {"requestBody": taken, "responses": {"202": {"description": ""}}}}}
    document = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "components": components, "paths": paths}
    operation = schemathesis.openapi.from_dict(document)["/orders"]["POST"]
    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(operation.as_strategy(mode))
    def collect(case: Any) -> None:  # noqa: ANN401 - schemathesis' own
        found.append(case.body)

    collect()
    return found


def main() -> None:
    """See above."""
    use, *words = sys.argv[1:]
    if use == "conform":
        print(json.dumps(conform(*words)))  # noqa: T201 - its result
        return
    for mode in GenerationMode:
        for body in bodies(mode, int(words[0])):
            told = {"bytes": base64.b64encode(body).decode()} if isinstance(body, bytes) else {"json": body}
            print(json.dumps({"mode": mode.value, **told}))  # noqa: T201 - as above


if __name__ == "__main__":
    main()
