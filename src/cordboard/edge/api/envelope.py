"""One envelope around every answer (the published API's: message, status, error, data)."""

from typing import Any, Generic, TypeVar

import msgspec
from litestar import Response

from cordboard.runtime.idempotency import Answer

T = TypeVar("T")

JSON = "application/json"


class Envelope(msgspec.Struct, Generic[T], frozen=True):
    """A successful answer.

    Attributes:
        message: What was done, in words that clients of the published API may compare.
        status: ``success``.
        error: Always null here.
        data: The thing itself.
    """

    message: str
    data: T
    status: str = "success"
    error: str | None = None


class _Ordered(msgspec.Struct, frozen=True):
    message: str
    status: str
    error: str | None
    data: Any


class Failure(msgspec.Struct, frozen=True):
    """A refusal or failure.

    Attributes:
        message: The class of failure.
        status: ``error``.
        error: What exactly happened; a validation error starts with the field's path.
        code: Stable; ``docs/errors.md`` has a row for each.
        request_id: The same as in ``X-Request-Id`` and in the log.
    """

    message: str
    status: str
    error: str
    code: str
    request_id: str


_encode = msgspec.json.Encoder().encode


def success(message: str, data: object) -> bytes:
    """Return the bytes of a successful answer, keys in the published order."""
    return _encode(_Ordered(message, "success", None, data))


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
