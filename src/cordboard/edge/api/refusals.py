"""Refusals that only HTTP knows."""

from cordboard.runtime.errors import DomainError, Kind


class ClientLeftError(Exception):
    """The client went away while it sent its body: nobody is left to answer."""


class MalformedRequestError(DomainError):
    """The request is not proper HTTP, whether it could be parsed or not."""

    kind = Kind.INVALID
    code = "request.malformed"
    message = "Malformed request"


class HeadTooLargeError(DomainError):
    """Request line and headers together are larger than the server takes."""

    kind = Kind.INVALID
    code = "request.head_too_large"
    message = "Headers too large"

    def __init__(self, largest: int) -> None:
        """Say how many bytes they may have."""
        super().__init__(f"Request line and headers may have up to {largest:,} bytes together")


class UnsupportedMediaTypeError(DomainError):
    """The body says it is something other than JSON, or that it is encoded.

    Attributes:
        taken: A header that says what would be taken (RFC 9110, section 15.5.16).
    """

    kind = Kind.INVALID
    code = "request.media_type"
    message = "Unsupported media type"

    def __init__(self, detail: str, taken: tuple[str, str]) -> None:
        """Say what is wrong, and what would be taken."""
        super().__init__(detail)
        self.taken = taken


class BodyTooLargeError(DomainError):
    """The body is larger than the route takes."""

    kind = Kind.INVALID
    code = "request.too_large"
    message = "Body too large"

    def __init__(self, largest: int) -> None:
        """Say how many bytes it may have."""
        super().__init__(f"A body may have up to {largest:,} bytes")


class IdempotencyUnsupportedError(DomainError):
    """The answer shows a secret, so it may not be stored under an ``Idempotency-Key``."""

    kind = Kind.INVALID
    code = "idempotency.unsupported"
    message = "Idempotency key unsupported"

    def __init__(self) -> None:
        """Say why."""
        super().__init__("Idempotency-Key: this answer shows a secret, so it is never stored")


class LiveKitNotConfiguredError(DomainError):
    """The request is about a LiveKit, and the server has none."""

    kind = Kind.NOT_FOUND
    code = "livekit.not_configured"
    message = "No LiveKit"

    def __init__(self) -> None:
        """Say who can change that."""
        super().__init__(
            "This server has no LiveKit; its operator sets CORDBOARD_LIVEKIT_URL and the key"
        )


class RouteNotFoundError(DomainError):
    """No route has this path."""

    kind = Kind.NOT_FOUND
    code = "route.not_found"
    message = "Not found"


class MethodNotAllowedError(DomainError):
    """The path exists, with other methods."""

    kind = Kind.INVALID
    code = "route.method_not_allowed"
    message = "Method not allowed"


class InternalError(DomainError):
    """Something broke inside; the cause is in the log under the request's id."""

    kind = Kind.INVALID
    code = "internal"
    message = "Internal server error"
