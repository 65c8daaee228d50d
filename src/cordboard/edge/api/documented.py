"""What a route says about itself: the one source of its OpenAPI description."""

from typing import Any

import msgspec


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter.

    Attributes:
        schema: Its JSON Schema, with default, bounds or choices.
    """

    name: str
    description: str
    schema: dict[str, Any]


class Operation(msgspec.Struct, frozen=True):
    """One route, as the published description shows it.

    Attributes:
        summary: What it does, as a customer would say it.
        description: What else a caller must know.
        scope: The scope a key pair needs, or None for a public route.
        message: The ``message`` of its successful answer.
        data: The type of its ``data``.
        body: The type of its body, or None.
        is_body_optional: Whether an empty body stands for ``{}``.
        query: Its query parameters.
        codes: The error codes it can answer, beside those that every route has.
        is_idempotent_by_key: Whether ``Idempotency-Key`` is honoured.
        has_etag: Whether the answer carries an ``ETag``.
        takes_if_match: Whether ``If-Match`` is honoured.
        example: An example of the body.
    """

    summary: str
    message: str
    data: Any
    description: str = ""
    scope: str | None = None
    tag: str = "Phone numbers"
    body: Any = None
    is_body_optional: bool = False
    query: tuple[Parameter, ...] = ()
    codes: tuple[str, ...] = ()
    is_idempotent_by_key: bool = False
    has_etag: bool = False
    takes_if_match: bool = False
    example: dict[str, Any] | None = None
