"""What a request carries beside its body, as OpenAPI shows it: parameters, headers, credentials."""

from collections.abc import Iterator
from typing import Any

from cordboard.edge.api.documented import Operation, Parameter

IN_PATH = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "phone_number",
            "The number in E.164; the + may come raw or as %2B.",
            {"type": "string", "format": "e164", "pattern": r"^\+[1-9][0-9]{6,14}$"},
            "+14157774444",
        ),
        Parameter("agent_id", "The agent's id.", {"type": "string"}, "agent_abc123"),
        Parameter(
            "call_id", "The call's id.", {"type": "string"}, "call_mfrggzdfmztwq2lknnwg23tpob"
        ),
        Parameter("version", "Which version of the agent.", {"type": "integer", "minimum": 1}, "1"),
        Parameter(
            "organization_id",
            "The organization of the key pair; any other is not found.",
            {"type": "string"},
            "org_123",
        ),
        Parameter(
            "api_key_id",
            "The key pair's id.",
            {"type": "string"},
            "apikey_5f2c9d10a7b34e68c1d2e3f4",
        ),
    )
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name for this request, such as a UUID: the same request under it is done "
    "once and answered the same for at least 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$",
    },
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the revision that may be changed, a list of them, or *.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of what you have already: 304 says that it is still right.",
    "schema": {"type": "string"},
}
SECURITY_SCHEMES = {
    "X-API-KEY": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-KEY",
        "description": "The public half of the key pair, `sk_…`.",
    },
    "X-API-SECRET": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-SECRET",
        "description": "The secret half of the key pair, `s3cr3t_…`.",
    },
}


def security(scope: str | None) -> list[dict[str, list[str]]]:
    """Return what a route asks for; OpenAPI 3.1 lets a scheme name the roles that are needed."""
    return [] if scope is None else [{"X-API-KEY": [scope], "X-API-SECRET": []}]


def parameters(path: str, operation: Operation) -> Iterator[dict[str, Any]]:
    """Go through what a request may carry in its path, its query and its headers."""
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        known = IN_PATH[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": known.description,
            "schema": known.schema,
            "example": known.example,
        }
    for parameter in operation.query:
        yield {
            "name": parameter.name,
            "in": "query",
            "description": parameter.description,
            "schema": parameter.schema,
        }
    if operation.is_idempotent_by_key:
        yield IDEMPOTENCY_KEY
    if operation.takes_if_match:
        yield IF_MATCH
    if operation.takes_if_none_match:
        yield IF_NONE_MATCH
