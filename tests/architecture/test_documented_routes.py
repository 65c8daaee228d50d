"""Every route, field, parameter and error is described, and the description is sound."""

from typing import Any

import jsonschema_rs
import pytest
from litestar.handlers import HTTPRouteHandler
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from cordboard.edge.api.app import ROUTES
from cordboard.edge.api.documented import Operation
from cordboard.edge.api.error_catalogue import BY_CODE
from cordboard.organizations.model import SCOPES
from tests.support.described import (
    Described,
    broken,
    document,
    operations,
    resolved,
    schemas_of_fields,
)

# Codes that no operation of ours answers yet, with the reason.
NOT_YET: dict[str, str] = {
    "livekit.event_unverified": "LiveKit's own way in is not described to customers",
}

EVERY = pytest.mark.parametrize("described", operations(), ids=lambda described: described.name)


def test_every_route_says_something_about_itself() -> None:
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        assert isinstance(handler.opt.get("operation"), Operation), handler.handler_name


def test_the_description_follows_openapi_3_1() -> None:
    OPENAPI_31_VALIDATOR.validate(document())
    for schema in document()["components"]["schemas"].values():
        jsonschema_rs.meta.validate(
            {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}
        )


def test_every_reference_leads_somewhere() -> None:
    waiting: list[Any] = [document()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "$ref" in node:
                assert resolved(node)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def test_operations_have_names_of_their_own() -> None:
    names = [described.content["operationId"] for described in operations()]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in document()["tags"]}
    assert {tag for described in operations() for tag in described.content["tags"]} == tags


@pytest.mark.parametrize(
    ("name", "schema"), schemas_of_fields(), ids=[name for name, _ in schemas_of_fields()]
)
def test_every_field_is_described_with_an_example_that_fits(
    name: str, schema: dict[str, Any]
) -> None:
    assert schema.get("description", "").endswith((".", "-", ")")), name
    for example in schema.get("examples", []):
        assert broken(schema, example) is None


@EVERY
def test_every_operation_is_described_whole(described: Described) -> None:
    content = described.content
    assert content["summary"]
    for parameter in content["parameters"]:
        assert parameter["description"].endswith("."), parameter["name"]
        assert parameter["schema"]["type"]
        if "example" in parameter and parameter["schema"]["type"] == "string":
            assert broken(parameter["schema"], parameter["example"]) is None
    in_path = {part[1:-1] for part in described.path.split("/") if part.startswith("{")}
    assert in_path == {each["name"] for each in content["parameters"] if each["in"] == "path"}


@EVERY
def test_every_body_is_closed_and_its_example_fits(described: Described) -> None:
    body = described.content.get("requestBody")
    if body is None:
        assert described.method in {"get", "delete"}
        return
    media = body["content"]["application/json"]
    assert resolved(media["schema"])["additionalProperties"] is False
    is_empty = not resolved(media["schema"])["properties"]
    assert ("example" in media) is not is_empty
    assert broken(media["schema"], media.get("example", {})) is None


@EVERY
def test_every_answer_has_an_example_that_fits(described: Described) -> None:
    for status, answer in described.content["responses"].items():
        assert "X-Request-Id" in answer["headers"]
        for media_type, media in answer.get("content", {}).items():
            if not media_type.startswith("application/json"):
                continue
            found = [media["example"]] if "example" in media else []
            found += [resolved(each)["value"] for each in media.get("examples", {}).values()]
            assert found
            problems = [broken(media["schema"], example) for example in found]
            assert not any(problems), (status, problems)


@EVERY
def test_every_operation_names_its_scope_or_is_public(described: Described) -> None:
    asked = [scheme for each in described.content["security"] for scheme in each.items()]
    if described.path.startswith("/api/"):
        (key, scopes), (secret, _) = asked
        assert (key, secret) == ("X-API-KEY", "X-API-SECRET")
        assert scopes[0] in SCOPES
        assert f"`{scopes[0]}`" in described.content["description"]
    else:
        assert not asked


def test_every_code_of_a_route_is_in_the_catalogue_and_every_row_is_some_routes() -> None:
    used: set[str] = set()
    for handler in ROUTES:
        assert isinstance(handler, HTTPRouteHandler)
        operation: Operation = handler.opt["operation"]
        assert len(set(operation.codes)) == len(operation.codes), handler.handler_name
        used.update(operation.codes)
    for described in operations():
        for answer in described.content["responses"].values():
            for media in answer.get("content", {}).values():
                used.update(media.get("examples", {}))
    assert used <= set(BY_CODE)
    assert set(BY_CODE) - used == set(NOT_YET)


def test_every_shape_of_a_request_is_closed() -> None:
    asked = [
        resolved(described.content["requestBody"]["content"]["application/json"]["schema"])
        for described in operations()
        if "requestBody" in described.content
    ]
    while asked:
        schema = asked.pop()
        if "properties" in schema:
            assert schema["additionalProperties"] is False
        for field in schema.get("properties", {}).values():
            inner = [field, *field.get("anyOf", [])]
            asked += [resolved(part) for part in inner if "$ref" in part]
