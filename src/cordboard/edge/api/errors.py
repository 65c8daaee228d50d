"""From what went wrong to a status and an envelope, once for all routes."""

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from cordboard.calls.outbound.refusals import OutboundRefusedError
from cordboard.edge.api.context import HTTPRequest
from cordboard.edge.api.envelope import JSON, Failure
from cordboard.edge.api.head import with_head
from cordboard.edge.api.refusals import (
    BodyTooLargeError,
    ClientLeftError,
    HeadTooLargeError,
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    RouteNotFoundError,
    UnsupportedMediaTypeError,
)
from cordboard.runtime.errors import DomainError, InvalidError, Kind
from cordboard.runtime.telemetry.metrics import HTTP_REFUSALS, OUTBOUND_REFUSALS

log = structlog.get_logger(__name__)

STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHORIZED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.LIMITED: 429,
    Kind.UPSTREAM: 502,
    Kind.UNAVAILABLE: 503,
    Kind.INDETERMINATE: 503,
    Kind.FULL: 507,
}
STATUS_OF_CODE = {
    MethodNotAllowedError.code: 405,
    BodyTooLargeError.code: 413,
    UnsupportedMediaTypeError.code: 415,
    HeadTooLargeError.code: 431,
    InternalError.code: 500,
}
_encode = msgspec.json.Encoder().encode


def status_of(error: DomainError | type[DomainError]) -> int:
    """Return the HTTP status of an error, or of all errors of a class."""
    return STATUS_OF_CODE.get(error.code, STATUS[error.kind])


def code_of(error: DomainError) -> str:
    """Return the stable code; a validation error's ends with the rule that was broken."""
    if isinstance(error, InvalidError):
        return f"validation.{error.rule}"
    return error.code


def failure_of(error: DomainError, request_id: str) -> bytes:
    """Return the body of the answer to a refusal or failure, which is counted."""
    code = code_of(error)
    HTTP_REFUSALS.labels(code).inc()
    return _encode(Failure(error.message, "error", error.detail, code, request_id))


def failed(request: HTTPRequest, error: DomainError) -> Response[bytes]:
    """Return the HTTP response for a refusal or failure."""
    failure = failure_of(error, request.scope["state"]["request_id"])
    if isinstance(error, OutboundRefusedError):
        OUTBOUND_REFUSALS.labels(error.refusal.value).inc()
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if error.kind is Kind.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'ApiKey realm="cordboard"'
    if isinstance(error, UnsupportedMediaTypeError):
        headers |= (error.taken,)
    return Response(failure, status_code=status_of(error), media_type=JSON, headers=headers)


def on_domain_error(request: HTTPRequest, error: DomainError) -> Response[bytes]:
    """Answer a refusal; failures that are not the client's are logged with their cause."""
    if error.kind in {Kind.UNAVAILABLE, Kind.INDETERMINATE, Kind.FULL, Kind.UPSTREAM}:
        log.warning(
            "request_failed", **_where(request), code=error.code, cause=repr(error.__cause__)
        )
    return failed(request, error)


def on_http_exception(request: HTTPRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: unknown paths and methods, invalid hosts."""
    if isinstance(error, NotFoundException):
        detail = "There is nothing at this path; the API is described at /docs"
        return failed(request, RouteNotFoundError(detail))
    if isinstance(error, MethodNotAllowedException):
        methods = with_head({*(error.headers or {})["allow"].split(", ")} - {"OPTIONS"})
        detail = f"This path takes {', '.join(methods)}"
        response = failed(request, MethodNotAllowedError(detail))
        response.set_header("Allow", ", ".join(methods))
        return response
    if error.status_code < 500:  # noqa: PLR2004 - HTTP statuses read best as numbers
        return failed(request, MalformedRequestError(f"This is not proper HTTP: {error.detail}"))
    return on_unexpected(request, error)


def on_client_left(_: HTTPRequest, __: ClientLeftError) -> Response[bytes]:
    """Answer nobody; what was sent of the body was the client's to finish, so it is no failure."""
    return Response(b"", status_code=400)


def on_unexpected(request: HTTPRequest, error: Exception) -> Response[bytes]:
    """Answer what nobody expected: the client learns the request's id, the log the cause."""
    log.error("request_crashed", **_where(request), code=InternalError.code, exc_info=error)
    detail = "The cause is in the server's log under this request_id"
    return failed(request, InternalError(detail))


def _where(request: HTTPRequest) -> dict[str, str | None]:
    """Return which request it was; its path would tell the phone number, its route does not."""
    return {
        "request_id": request.scope["state"]["request_id"],
        "method": request.scope["method"],
        "route": request.scope.get("path_template"),
    }
