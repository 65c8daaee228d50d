"""One envelope around every answer (the published API's: message, status, error, data)."""

from typing import Annotated, Any

import msgspec
from litestar import Response
from msgspec import Meta

from cordboard.runtime.idempotency import Answer

JSON = "application/json"


class _Success(msgspec.Struct, frozen=True):
    message: str
    status: str
    error: None
    data: Any


class Failure(msgspec.Struct, frozen=True):
    """A refusal or failure."""

    message: Annotated[
        str, Meta(description="The class of failure, the same for every occurrence.")
    ]
    status: Annotated[
        str, Meta(description="Always error here.", extra_json_schema={"const": "error"})
    ]
    error: Annotated[
        str,
        Meta(
            description="What exactly happened, with ids; a validation error begins with the "
            "field's path."
        ),
    ]
    code: Annotated[str, Meta(description="The stable code of the failure.")]
    request_id: Annotated[
        str, Meta(description="The same as in X-Request-Id and in the server's log.")
    ]


_encode = msgspec.json.Encoder().encode


def success(message: str, data: object) -> bytes:
    """Return the bytes of a successful answer, keys in the published order."""
    return _encode(_Success(message, "success", None, data))


def answered(answer: Answer) -> Response[bytes]:
    """Return the HTTP response of an answer that may have been stored."""
    headers: dict[str, str] = {}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.is_replay:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, media_type=JSON, headers=headers)


def respond(message: str, data: object, etag: str | None = None) -> Response[bytes]:
    """Return the HTTP response for a successful answer."""
    return answered(Answer(success(message, data), etag))
