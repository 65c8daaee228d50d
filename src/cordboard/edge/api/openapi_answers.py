"""The answers of a route as OpenAPI shows them: one success, and every failure with its codes."""

from collections.abc import Iterator
from typing import Any

import msgspec

from cordboard.edge.api.documented import Operation
from cordboard.edge.api.envelope import JSON, Failure
from cordboard.edge.api.error_catalogue import BY_CODE
from cordboard.edge.api.openapi_schemas import Schemas

EVERYWHERE = ("request.malformed", "request.head_too_large", "internal")
WITH_KEY_PAIR = (
    "auth.missing",
    "auth.invalid",
    "auth.scope",
    "validation.unknown_field",
    "validation.characters",
    "database.unavailable",
)
IN_PATH = ("route.not_found", "route.method_not_allowed")

TITLES = {
    200: "Success",
    304: "Not modified: what If-None-Match names is still right",
    400: "Refused: something is wrong with the request",
    401: "Who are you? The key pair is missing or invalid",
    403: "The key pair lacks the scope",
    404: "Not found, or another organization's",
    405: "The path takes other methods",
    409: "In conflict with what is there",
    429: "More than is allowed for now",
    412: "Changed since the revision that If-Match names",
    413: "The body is too large",
    415: "The body is no JSON, or it is encoded",
    431: "Request line and headers are too large",
    500: "Something broke inside",
    502: "Another system failed",
    503: "Not now",
    507: "No room",
}

HEADERS_OF = {
    401: ["WWW-Authenticate"],
    405: ["Allow"],
    415: ["Accept", "Accept-Encoding"],
    503: ["Retry-After"],
}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The id of this request, as in the server's log.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9a-f]+$"},
    },
    "ETag": {
        "description": "The revision, for If-Match or If-None-Match.",
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    "Idempotency-Replayed": {
        "description": "true when the answer was stored by an earlier request with the same "
        "Idempotency-Key.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which asking again makes sense.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {
        "description": "What is asked for.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Accept": {
        "description": "The media type that is taken, where the body had another.",
        "schema": {"type": "string"},
    },
    "Accept-Encoding": {
        "description": "The content coding that is taken, where the body had another.",
        "schema": {"type": "string"},
    },
    "Allow": {
        "description": "The methods that the path takes.",
        "required": True,
        "schema": {"type": "string"},
    },
}


def every_code(operation: Operation, *, has_parameters: bool) -> list[str]:
    """Return the codes that a route can answer, its own and those of all routes."""
    codes = [*operation.codes, *EVERYWHERE]
    if operation.scope is not None:
        codes += WITH_KEY_PAIR
    if has_parameters:
        codes += IN_PATH
    return list(dict.fromkeys(codes))


def answers(operation: Operation, schemas: Schemas, *, has_parameters: bool) -> dict[str, Any]:
    """Return the answers of a route, by status."""
    result = {str(status): _success(operation, schemas, status) for status in operation.statuses}
    if operation.takes_if_none_match:
        result["304"] = {"description": TITLES[304], "headers": _headers("X-Request-Id", "ETag")}
    by_status: dict[int, list[str]] = {}
    for code in every_code(operation, has_parameters=has_parameters):
        by_status.setdefault(BY_CODE[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        result.setdefault(str(status), _failure(status, codes))
    return result


def examples() -> dict[str, Any]:
    """Return an example of every failure, by its code."""
    return {
        row.code: {
            "summary": row.when,
            "description": f"{row.remedy} Ask again? {row.retry}",
            "value": msgspec.to_builtins(row.failure),
        }
        for row in BY_CODE.values()
    }


def _success(operation: Operation, schemas: Schemas, status: int) -> dict[str, Any]:
    schema = schemas.of(operation.data)
    if operation.message:
        schema = _enveloped(operation.message, schema)
    content: dict[str, Any] = {"schema": schema}
    if operation.media_type == JSON:
        content["example"] = schemas.example(schema)
    return {
        "description": operation.message or TITLES[status],
        "headers": _headers(*_success_headers(operation)),
        "content": {operation.media_type: content},
    }


def _enveloped(message: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["message", "status", "error", "data"],
        "properties": {
            "message": {"const": message, "description": "What was done."},
            "status": {"const": "success", "description": "Always success here."},
            "error": {"const": None, "description": "Always null here."},
            "data": data,
        },
    }


def _success_headers(operation: Operation) -> Iterator[str]:
    yield "X-Request-Id"
    if operation.has_etag:
        yield "ETag"
    if operation.is_idempotent_by_key:
        yield "Idempotency-Replayed"


def _failure(status: int, codes: list[str]) -> dict[str, Any]:
    names = ["X-Request-Id"]
    names += HEADERS_OF.get(status, [])
    content = {
        "schema": {
            "allOf": [
                {"$ref": f"#/components/schemas/{Failure.__name__}"},
                {"properties": {"code": {"enum": codes}}},
            ]
        },
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
    }
    return {
        "description": TITLES[status],
        "headers": _headers(*names),
        "content": {JSON: content},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
