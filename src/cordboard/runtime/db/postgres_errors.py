"""What PostgreSQL's and asyncpg's errors mean for the one who asked.

SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

import asyncpg

from cordboard.runtime.errors import DatabaseUnavailableError, DomainError, StorageFullError

FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Everything that can come out of a connection, mistakes of ours included."""

TIMED_OUT = (TimeoutError, asyncpg.QueryCanceledError)
"""A statement took too long, or no connection was free in time: asking at once would add to it."""

LOST = (
    OSError,
    # Raised on a connection that got PostgreSQL's last word while it was idle, before its end.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
"""The connection went away, or could not be made."""

_ROLLED_BACK = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_AWAY = (
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
)


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke, so that nobody knows what became of the last statement.

    asyncpg says ``InterfaceError`` of a connection that was closed before the statement; its
    subclasses stand for mistakes of the caller.
    """
    return isinstance(error, LOST + TIMED_OUT) or type(error) is asyncpg.InterfaceError


def is_worth_another_try(error: BaseException) -> bool:
    """Whether a transaction that was not committed may succeed if it is run again at once."""
    if isinstance(error, TIMED_OUT):
        return False
    return is_lost(error) or isinstance(error, _ROLLED_BACK)


def translated(error: BaseException) -> DomainError | None:
    """Return what a transaction that was not committed failed of, None when it is a bug of ours."""
    if isinstance(error, asyncpg.DiskFullError):
        return StorageFullError("The disk of the database is full; nothing was done")
    if isinstance(error, TIMED_OUT):
        return DatabaseUnavailableError("The database did not answer in time; nothing was done")
    if is_lost(error) or isinstance(error, _AWAY):
        return DatabaseUnavailableError("The database cannot be reached; nothing was done")
    if isinstance(error, _ROLLED_BACK):
        return DatabaseUnavailableError("Too many writes at one place; nothing was done")
    return None
