"""Ways in which a request to the server can fail."""

from typing import Any

import msgspec

from cordboard.edge.client.request import Request

UNKNOWN_OUTCOMES = frozenset({"write.indeterminate", "internal"})
"""Codes of answers to a write that leave open whether it has happened."""


class Failure(msgspec.Struct, frozen=True):
    """A failure as the server tells it (its fields are explained at :class:`RefusedError`)."""

    message: str
    error: str
    code: str
    request_id: str


class ClientError(Exception):
    """A request has no successful answer.

    Attributes:
        request: What was asked for.
        may_have_happened: It is a write, and nobody knows whether the server has done it.
    """

    def __init__(self, request: Request[Any], text: str, *, may_have_happened: bool) -> None:
        """Remember the request, and whether it may have had its effect."""
        super().__init__(text)
        self.request = request
        self.may_have_happened = may_have_happened


class RefusedError(ClientError):
    """The server answered with a failure.

    Attributes:
        status: The HTTP status.
        message: The class of failure.
        error: This occurrence, with ids.
        code: Stable; ``docs/errors.md`` has a row for each.
        request_id: Under which the server's log has it.
        retry_after_s: When asking again makes sense, in seconds, where the server says so.
    """

    def __init__(
        self, request: Request[Any], status: int, failure: Failure, retry_after_s: float | None
    ) -> None:
        """Take the failure as the server tells it."""
        may_have_happened = request.is_write and failure.code in UNKNOWN_OUTCOMES
        super().__init__(request, failure.error, may_have_happened=may_have_happened)
        self.status = status
        self.message = failure.message
        self.error = failure.error
        self.code = failure.code
        self.request_id = failure.request_id
        self.retry_after_s = retry_after_s


class UnreachableError(ClientError):
    """The connection could not be made, or broke before there was an answer."""

    def __init__(self, request: Request[Any], reason: str, *, was_sent: bool) -> None:
        """Say why; ``was_sent`` when the server may have read the request."""
        super().__init__(request, reason, may_have_happened=request.is_write and was_sent)
        self.was_sent = was_sent


class DeadlineError(ClientError):
    """There was no answer in time."""

    def __init__(self, request: Request[Any], total_s: float) -> None:
        """Say how long it was waited for."""
        text = f"no answer within {total_s:g} seconds"
        super().__init__(request, text, may_have_happened=request.is_write)


class ForeignAnswerError(ClientError):
    """Something answered that is not the API: another program, a proxy, or another version."""

    def __init__(self, request: Request[Any], status: int, reason: str) -> None:
        """Say what came instead, or what does not fit."""
        text = f"HTTP status {status}, {reason}"
        super().__init__(request, text, may_have_happened=request.is_write)
        self.status = status
