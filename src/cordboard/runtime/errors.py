"""Errors that say what is true, in words that the outside may read.

A domain raises a subclass of :class:`DomainError`. No HTTP is known here: the edge maps ``kind``
to a status once (``edge/api/errors.py``).
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The class of a failure: whose fault it is, and whether asking again can help."""

    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    FULL = "full"
    UPSTREAM = "upstream"
    INDETERMINATE = "indeterminate"


class DomainError(Exception):
    """A refusal or failure with a stable code.

    Attributes:
        kind: The class of failure.
        code: Stable and documented in ``docs/errors.md``, such as ``phone_number.exists``.
        message: The class of failure in words, the same for every occurrence.
        detail: This occurrence, with ids; never a secret, never the cause inside the server.
        retry_after_s: For failures that pass: when asking again makes sense, in seconds.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    message: ClassVar[str]
    retry_after_s: int | None = None

    def __init__(self, detail: str) -> None:
        """Remember what exactly happened."""
        super().__init__(detail)
        self.detail = detail


class InvalidError(DomainError):
    """A field of the request breaks a rule. ``detail`` starts with the field's path."""

    kind = Kind.INVALID
    code = "validation.*"
    message = "Validation error"

    def __init__(self, field: str, rule: str, reason: str) -> None:
        """Name the field, the rule (the part of the code after ``validation.``) and the reason."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.rule = rule


class DatabaseUnavailableError(DomainError):
    """The database cannot be reached or is too busy; nothing was done."""

    kind = Kind.UNAVAILABLE
    code = "database.unavailable"
    message = "Temporarily unavailable"
    retry_after_s = 1


class StorageFullError(DomainError):
    """The database's disk is full; nothing was done."""

    kind = Kind.FULL
    code = "storage.full"
    message = "Storage full"


class IndeterminateWriteError(DomainError):
    """The answer to a commit was lost: it may have happened.

    Repeating the request with the same idempotency key settles it; so does reading.
    """

    kind = Kind.INDETERMINATE
    code = "write.indeterminate"
    message = "Outcome unknown"
    retry_after_s = 1


class StartError(Exception):
    """The server or a command cannot start; the text says what to do about it."""
