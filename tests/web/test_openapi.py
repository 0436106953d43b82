"""The OpenAPI document: what is served, what is committed, and what the door answers are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tasks.events import event_schema
from tests.web.conftest import Web, event
from worker.web.app import Web as Routes
from worker.web.problems import Problem

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT = Routes().openapi()


def resolved(schema: dict[str, Any]) -> Draft202012Validator:
    whole = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    pointing = json.loads(json.dumps(schema).replace('"#/', '"urn:openapi#/'))
    return Draft202012Validator(pointing, registry=Registry().with_resource("urn:openapi", whole))


def test_the_committed_file_is_up_to_date() -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == DOCUMENT, "run: redeem serve --openapi > docs/openapi.json"


def test_it_is_what_is_served_to_anybody(web: Web) -> None:
    served = web.get("/openapi.json", token=None)
    assert (served.status_code, served.json()) == (200, DOCUMENT)


def test_its_schemas_are_schemas_and_its_examples_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            resolved({"$ref": f"#/components/schemas/{name}"}).validate(example)


def test_its_examples_of_requests_are_taken(web: Web) -> None:
    for kind, content in DOCUMENT["paths"]["/orders"]["post"]["requestBody"]["content"].items():
        for example in [content["example"]] if "example" in content else content["examples"].values():
            body = example if isinstance(example, str) else json.dumps(example["value"])
            assert web.post("/orders", body.encode(), headers={"Content-Type": kind}).status_code == 202


def test_an_event_is_what_redeem_schema_says_but_for_the_shop() -> None:
    ours = dict(DOCUMENT["components"]["schemas"]["OrderEvent"])
    theirs = event_schema()
    assert ours["properties"].keys() == theirs["properties"].keys()
    assert {name: ours[name] for name in ("not", "required", "dependentRequired", "additionalProperties")} == {
        name: theirs[name] for name in ("not", "required", "dependentRequired", "additionalProperties")
    }
    assert DOCUMENT["components"]["schemas"]["Coupon"] == theirs["$defs"]["Coupon"]


@pytest.mark.parametrize("content", [event(), [event("1"), event("2", "A", "B")], event(coupons=[], email="j@x.org")])
def test_what_is_taken_is_as_it_says(web: Web, content: Any) -> None:  # noqa: ANN401 - any JSON
    taking = DOCUMENT["paths"]["/orders"]["post"]
    resolved(taking["requestBody"]["content"]["application/json"]["schema"]).validate(content)
    answer = web.post("/orders", content)
    told = taking["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    resolved(told).validate(answer.json())
    for one in (one for accepted in answer.json()["accepted"] for one in accepted["redemptions"]):
        found = web.get(f"/redemptions/{one}")
        resolved({"$ref": "#/components/schemas/Redemption"}).validate(found.json())


@pytest.mark.parametrize(
    ("content", "how"),
    [
        ({}, {}),
        ([{}] * 60, {}),
        (b"[{}]\n{}", {}),
        (event(shop="de"), {}),
        (event(), {"token": None}),
        (event(), {"headers": {"Content-Type": "text/html"}}),
        (event(), {"headers": {"Idempotency-Key": "x" * 300}}),
        (b" " * 1024 * 1025, {}),
        (event(), {"headers": {"x": "x" * 33_000}}),
    ],
    ids=str,
)
def test_a_refusal_is_as_it_says(web: Web, content: object, how: dict[str, Any]) -> None:
    answer = web.post("/orders", content, **how)
    response = DOCUMENT["paths"]["/orders"]["post"]["responses"][str(answer.status_code)]
    assert list(response["content"]) == [answer.headers["Content-Type"]]
    assert response.get("headers", {}).keys() <= {"Retry-After", "WWW-Authenticate"}
    assert all(name in answer.headers for name in response.get("headers", {}))
    resolved(response["content"]["application/problem+json"]["schema"]).validate(answer.json())


def test_every_operation_says_who_may_and_what_may_be_answered() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"], (path, method)
            assert {"400", "401", "414", "431", "500", "503"} <= operation["responses"].keys(), (path, method)
            assert "security" in operation, (path, method)


def test_a_problem_counts_what_it_does_not_tell() -> None:
    told = Problem(422, "x", "y", errors=[{"path": "$", "message": "z"}] * 51).to_json()
    assert (len(told["errors"]), told["more"]) == (50, 1)
    with pytest.raises(jsonschema.ValidationError):
        resolved({"$ref": "#/components/schemas/Problem"}).validate({"title": "x"})
