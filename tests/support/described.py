"""The published description of the API, as a client reads it."""

from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs
from litestar import Litestar

from cordboard.edge.api.app import ROUTES
from cordboard.edge.api.openapi import describe, documented_routes
from tests.support.caller import Answer

Schema = dict[str, Any]

JSON = "application/json"


class Described(NamedTuple):
    """One operation of the description."""

    path: str
    method: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.method.upper()} {self.path}"


@cache
def document() -> dict[str, Any]:
    """Return the description of all our routes."""
    return describe(documented_routes(Litestar(ROUTES, openapi_config=None)))


def operations() -> list[Described]:
    """Return all operations."""
    return [
        Described(path, method, content)
        for path, item in document()["paths"].items()
        for method, content in item.items()
    ]


def operation_of(method: str, path: str) -> Described:
    """Return the operation that a request leads to; a fixed path wins over a parameter."""
    segments = path.partition("?")[0].strip("/").split("/")
    matching = [
        described
        for described in operations()
        if described.method.upper() == method and _fits(described.path, segments)
    ]
    return min(matching, key=lambda described: described.path.count("{"))


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference into the components; anything else is itself."""
    if "$ref" not in value:
        return value
    target: Any = document()
    for part in value["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return resolved(target)


def broken(schema: Schema, value: object) -> str | None:
    """Return how a value breaks a schema of the document, None when it fits."""
    whole = {**schema, "components": document()["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    error = next(iter(validator.iter_errors(value)), None)
    return None if error is None else f"{error.instance_path}: {error.message}"


def untrue(method: str, target: str, answer: Answer) -> str | None:
    """Return what the description says otherwise about an answer, None when it is right."""
    described = operation_of(method, target).content["responses"]
    known = described.get(str(answer.status))
    if known is None:
        return f"the status {answer.status} is not described"
    headers = {name.lower(): resolved(header) for name, header in known["headers"].items()}
    for name, header in headers.items():
        if name not in answer.headers:
            if header.get("required"):
                return f"{name} is missing"
        elif problem := broken(header["schema"], answer.headers[name]):
            return f"{name}: {problem}"
    return _untrue_content(known, answer)


def _untrue_content(known: dict[str, Any], answer: Answer) -> str | None:
    if "content" not in known:
        return f"there is a body: {answer.body!r}" if answer.body else None
    content = known["content"].get(answer.headers["content-type"])
    if content is None:
        return f"the type {answer.headers['content-type']} is not described"
    return broken(content["schema"], answer.json) if JSON in known["content"] else None


def schemas_of_fields() -> list[tuple[str, Schema]]:
    """Return every field of every component, with its name."""
    return [
        (f"{name}.{field}", schema)
        for name, component in document()["components"]["schemas"].items()
        for field, schema in component.get("properties", {}).items()
    ]


def _fits(path: str, segments: list[str]) -> bool:
    parts = path.strip("/").split("/")
    return len(parts) == len(segments) and all(
        part.startswith("{") or part == segment
        for part, segment in zip(parts, segments, strict=True)
    )
