"""``/openapi.json``: the description of the API, made from what its routes say about themselves."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

import cordboard
from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.edge.api.documented import Operation
from cordboard.edge.api.envelope import JSON, Failure
from cordboard.edge.api.openapi_answers import HEADERS, answers, examples
from cordboard.edge.api.openapi_parameters import SECURITY_SCHEMES, parameters, security
from cordboard.edge.api.openapi_schemas import Schemas

INTRODUCTION = """\
Phone numbers, the voice agents that answer and dial with them, and the key pairs that may change
both.

Every request carries a key pair in `X-API-KEY` and `X-API-SECRET`; the pair names the organization.
Answers have one envelope: `message`, `status`, `error`, `data`. A failure has no `data`, but a
stable `code`. In a create, null is the same as leaving a field out; in a PATCH, null clears what
can be empty.
"""
TAGS = {
    "Phone numbers": "Numbers that an organization has registered, and what they are bound to.",
    "Calls": "What happens to calls, and who would answer one.",
    "Agents": "What answers and dials, in versions that stay as they are once published.",
    "LiveKit": "What stands at LiveKit for the numbers.",
    "API keys": "The key pairs of an organization.",
    "Outbound guards": "Where an organization's calls may go, how many, and how to stop them.",
    "Operation": "For whoever runs the server; no key pair is needed.",
}
OPERATION = Operation(
    summary="The description of the API",
    description="This document: OpenAPI 3.1.",
    message="",
    data=dict,
    tag="Operation",
)


@get("/openapi.json", operation=OPERATION)
async def show_openapi(request: HTTPRequest) -> Response[bytes]:
    """Answer the description of the API."""
    content = _encoded(request.app, context_of(request).public_url)
    return Response(content, media_type=JSON, headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _encoded(app: Litestar, server_url: str) -> bytes:
    """Return the description as bytes, made once."""
    return msgspec.json.encode(describe(documented_routes(app), server_url))


Route = tuple[str, str, HTTPRouteHandler]
"""A path with its parameters in braces, a method, and what handles it."""


def documented_routes(app: Litestar) -> list[Route]:
    """Return the routes of an application that say something about themselves."""
    return [
        (route.path_format, method, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "operation" in handler.opt
        for method in sorted(handler.http_methods)
    ]


def describe(routes: list[Route], server_url: str = "/") -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of some routes."""
    schemas = Schemas([Failure, *_types(handler.opt["operation"] for _, _, handler in routes)])
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in routes:
        paths.setdefault(path, {})[method.lower()] = _described(path, handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cordboard",
            "version": cordboard.__version__,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "examples": examples(),
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _types(operations: Iterable[Operation]) -> Iterator[type]:
    for operation in operations:
        yield operation.data
        if operation.body is not None:
            yield operation.body


def _described(path: str, handler: HTTPRouteHandler, schemas: Schemas) -> dict[str, Any]:
    """Return one route's part of the description."""
    operation: Operation = handler.opt["operation"]
    result: dict[str, Any] = {
        "operationId": handler.handler_name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": _explained(operation),
        "parameters": [*parameters(path, operation)],
        "responses": answers(operation, schemas, has_parameters="{" in path),
        "security": security(operation.scope),
    }
    if operation.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(operation.body)}
        if operation.example is not None:
            content["example"] = operation.example
        result["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {JSON: content},
        }
    return result


def _explained(operation: Operation) -> str:
    needed = f"Needs the scope `{operation.scope}`." if operation.scope else ""
    return " ".join(part for part in (operation.description, needed) if part)
