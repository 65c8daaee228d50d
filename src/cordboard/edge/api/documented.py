"""What a route says about itself: the one source of its OpenAPI description."""

from typing import Any

import msgspec

from cordboard.edge.api.envelope import JSON


class Parameter(msgspec.Struct, frozen=True):
    """A part of the query or of the path.

    Attributes:
        schema: Its JSON Schema, with default, bounds or choices.
        example: A value, for the path.
    """

    name: str
    description: str
    schema: dict[str, Any]
    example: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """One route, as the published description shows it.

    Attributes:
        summary: What it does, as a customer would say it.
        description: What else a caller must know.
        scope: The scope a key pair needs, or None for a public route.
        message: The ``message`` of its successful answer; empty for an answer without envelope.
        data: The type of its ``data``, or of the whole answer without envelope.
        media_type: The type of its answer.
        statuses: The statuses with which ``data`` is answered.
        body: The type of its body, or None.
        is_body_optional: Whether an empty body stands for ``{}``.
        query: Its query parameters.
        codes: The error codes it can answer, beside those that every route has.
        is_idempotent_by_key: Whether ``Idempotency-Key`` is honoured.
        has_etag: Whether the answer carries an ``ETag``.
        takes_if_match: Whether ``If-Match`` is honoured.
        takes_if_none_match: Whether ``If-None-Match`` is honoured, and 304 may be the answer.
        example: An example of the body.
    """

    summary: str
    message: str
    data: Any
    description: str = ""
    scope: str | None = None
    tag: str = "Phone numbers"
    media_type: str = JSON
    statuses: tuple[int, ...] = (200,)
    body: Any = None
    is_body_optional: bool = False
    query: tuple[Parameter, ...] = ()
    codes: tuple[str, ...] = ()
    is_idempotent_by_key: bool = False
    has_etag: bool = False
    takes_if_match: bool = False
    takes_if_none_match: bool = False
    example: dict[str, Any] | None = None
