"""The fields of the description are true: what they exclude is refused, the rest is taken."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.agent_caller import create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import Answer
from tests.support.calls import an_ended_call
from tests.support.described import JSON, Schema, broken, document, operations, resolved, untrue
from tests.support.server import RunningServer

STRANGERS: dict[str, Any] = {
    "string": "x",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "array": [[]],
    "object": {"x": {}},
    "null": None,
}

OF_THE_ESTATE = {"aliases", "area_code", "phone_number", "from_number", "to_number"}
"""Fields whose values must fit together, or name what is there."""

NO_FURTHER = {
    "/api/calls/create-phone-call": "call.no_livekit",
    "/api/calls/{call_id}/schedule": "call.not_scheduled",
}
"""Paths that get no further here than to say what is missing; all else was right."""


def values_outside(schema: Schema) -> list[Any]:
    """Return values that break a field's schema, each in one way."""
    if schema.get("not") == {}:
        return [*STRANGERS.values()]
    kinds = schema.get("type", [])
    found = [value for kind, value in STRANGERS.items() if kinds and kind not in kinds]
    longest = schema.get("maxLength", -1)
    by_rule = {
        "minimum": schema.get("minimum", 0) - 1,
        "maximum": schema.get("maximum", 0) + 1,
        "minLength": "",
        "maxLength": "x" * (longest + 1),
        "enum": "none of them",
        "pattern": "\0",
        "minItems": [],
        "maxItems": ["x"] * (schema.get("maxItems", 0) + 1),
    }
    return found + [value for rule, value in by_rule.items() if rule in schema]


def values_at_the_edge(schema: Schema) -> Iterator[Any]:
    """Go through the outermost values that fit a field's schema."""
    for key in ("minimum", "maximum"):
        if key in schema:
            yield schema[key]
    for key in ("minLength", "maxLength"):
        if key in schema and "format" not in schema:
            yield "x" * schema[key]
    yield from schema.get("enum", [])
    yield from schema.get("examples", [])
    if "null" in schema.get("type", []):
        yield None


def fields_of(method: str, path: str) -> list[tuple[str, Schema]]:
    """Return the fields of an operation's body with their schemas, of nested objects too."""
    body = document()["paths"][path][method]["requestBody"]["content"][JSON]["schema"]
    found = []
    waiting = [("", resolved(body))]
    while waiting:
        prefix, schema = waiting.pop()
        for name, field in schema["properties"].items():
            inner = [resolved(part) for part in field.get("anyOf", []) if "$ref" in part]
            waiting += [(f"{prefix}{name}.", part) for part in inner]
            found.append((f"{prefix}{name}", field))
    return found


def body_with(path: str, value: object, base: dict[str, Any]) -> dict[str, Any]:
    """Return a body in which one field, of a nested object maybe, has a value."""
    outer, _, inner = path.partition(".")
    return base | {outer: body_with(inner, value, {}) if inner else value}


KEYS = "/api/organizations/{organization_id}/api-keys"
BODIES = [
    (described.method, described.path)
    for described in operations()
    if "requestBody" in described.content
]
FIELDS = [(method, path, *field) for method, path in BODIES for field in fields_of(method, path)]
EACH_FIELD = pytest.mark.parametrize(
    ("method", "path", "field", "schema"),
    FIELDS,
    ids=[f"{method} {path} {field}" for method, path, field, _ in FIELDS],
)


class Estate:
    """What the paths of the bodies under test lead to."""

    def __init__(self, server: RunningServer) -> None:
        caller = self.caller = server.organization()
        self.number = a_number()
        caller.create(self.number, outbound_agent_id="desk", outbound_trunk_id="ST_outbound")
        self.agent_id = create_agent(caller)["agent_id"]
        keys = KEYS.format(organization_id=caller.organization_id)
        self.api_key_id = caller.request("POST", keys, {}).data["api_key_id"]
        self.call_id = an_ended_call(server, self.number).call_id

    def ask(self, method: str, path: str, body: object) -> Answer:
        """Send a body to one of the paths."""
        target = path.format(
            phone_number=self.number.replace("+", "%2B"),
            agent_id=self.agent_id,
            organization_id=self.caller.organization_id,
            api_key_id=self.api_key_id,
            call_id=self.call_id,
        )
        return self.caller.request(method.upper(), target, body)

    def base(self, method: str, path: str) -> dict[str, Any]:
        """Return what a body needs beside the field under test."""
        body = document()["paths"][path][method]["requestBody"]["content"][JSON]["schema"]
        own: dict[str, Any] = {
            "phone_number": a_number(),
            "agent_name": a_name(),
            "to": "+14155550100",
        }
        own |= {"from_number": self.number, "to_number": "+12125550123"}
        own |= {"scheduled_timestamp": 2_000_000_000}
        return {field: own[field] for field in resolved(body)["required"]}


@EACH_FIELD
def test_no_value_is_taken_that_the_description_excludes(
    sqlite_server: RunningServer, method: str, path: str, field: str, schema: Schema
) -> None:
    estate = Estate(sqlite_server)
    for value in values_outside(schema):
        body = body_with(field, value, estate.base(method, path))
        answer = estate.ask(method, path, body)
        assert answer.status == 400, (value, answer.json)
        assert untrue(method.upper(), path, answer) is None
        assert answer.json["error"].startswith(field), answer.json


@EACH_FIELD
def test_every_value_at_the_edge_of_what_is_described_is_taken(
    sqlite_server: RunningServer, method: str, path: str, field: str, schema: Schema
) -> None:
    estate = Estate(sqlite_server)
    for value in values_at_the_edge(schema):
        if schema.get("not") == {} or field in OF_THE_ESTATE:
            continue
        assert broken(schema, value) is None
        answer = estate.ask(method, path, body_with(field, value, estate.base(method, path)))
        if path in NO_FURTHER:
            assert answer.refusal[1] == NO_FURTHER[path], (value, answer.json)
        else:
            assert answer.status == 200, (value, answer.json)


def _parameters() -> list[tuple[str, str, Schema]]:
    return [
        (path, parameter["name"], parameter["schema"])
        for path, item in document()["paths"].items()
        for content in [item.get("get"), item.get("delete")]
        if content is not None and "organizations" not in path
        for parameter in content["parameters"]
        if parameter["in"] == "query"
    ]


@pytest.mark.parametrize(("path", "name", "schema"), _parameters(), ids=str)
def test_a_query_is_taken_within_its_description_and_refused_outside(
    sqlite_server: RunningServer, path: str, name: str, schema: Schema
) -> None:
    estate = Estate(sqlite_server)
    method = "delete" if name == "force" else "get"
    for value in values_at_the_edge(schema):
        answer = estate.ask(method, f"{path}?{name}={value}", None)
        assert answer.status in {200, 404}, (value, answer.json)
    for value in values_outside(schema):
        if isinstance(value, bool | list | dict | None):
            continue
        text = str(value).replace("\0", "%00").replace(" ", "+")
        if schema["type"] == "string" and text in {"7", "1.5"}:
            continue
        answer = estate.ask(method, f"{path}?{name}={text}", None)
        assert answer.status == 400, (value, answer.json)
        assert untrue(method.upper(), path, answer) is None
