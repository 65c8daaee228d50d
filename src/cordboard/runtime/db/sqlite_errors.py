"""What SQLite's result codes mean for the one who asked (https://www.sqlite.org/rescode.html)."""

from typing import TypeVar

import apsw

from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    DomainError,
    IndeterminateWriteError,
    StorageFullError,
)

Failure = TypeVar("Failure", bound=DomainError)

UNIQUE_KEYS = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY)

_NO_ROOM = (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE)
"""How a quota, and a full disk under the index of the write-ahead log, show themselves."""

_UNAVAILABLE = (
    (apsw.BusyError | apsw.LockedError | apsw.ProtocolError, "Another process holds the database"),
    (apsw.CorruptError | apsw.NotADBError, "The database file is damaged"),
    (apsw.NoMemError, "There is no memory left for the database"),
    (
        apsw.IOError | apsw.CantOpenError | apsw.ReadOnlyError | apsw.PermissionsError,
        "The database file cannot be used",
    ),
)
"""What keeps a database from serving, whoever asks for what."""

_NOTHING_WRITTEN = (apsw.FullError, apsw.BusyError, apsw.ConstraintError, apsw.SQLError)


def result_code(error: apsw.Error) -> int:
    """Return SQLite's extended result code; apsw's own errors have none."""
    return int(getattr(error, "extendedresult", 0))


def translated(error: BaseException) -> BaseException:
    """Return the domain error that ``error`` stands for, or ``error`` itself.

    SQLite has undone the statement, or the whole transaction, so nothing was done.
    """
    if isinstance(error, apsw.FullError):
        return _caused(
            StorageFullError("The disk of the database is full; nothing was done"), error
        )
    if isinstance(error, apsw.IOError) and result_code(error) in _NO_ROOM:
        detail = "The disk of the database takes no more (full, quota, fault); nothing was done"
        return _caused(StorageFullError(detail), error)
    if isinstance(error, apsw.ConnectionClosedError):
        return _caused(DatabaseUnavailableError("The database is closed"), error)
    for kinds, what in _UNAVAILABLE:
        if isinstance(error, kinds):
            return _caused(DatabaseUnavailableError(f"{what}; nothing was done"), error)
    return error


def unknown_outcome(error: apsw.Error) -> IndeterminateWriteError | None:
    """Return what to say of a failed COMMIT if it may have happened all the same, else None.

    A COMMIT writes its frames to the write-ahead log, the last one marked as the end; syncs; and
    then notes them in the log's index (https://www.sqlite.org/walformat.html). When a frame could
    not be written, there is no end mark: nothing was done. When anything failed afterwards, this
    process goes on as if nothing had been done, but a power cut before the next commit would bring
    the transaction back, for recovery believes the log.
    """
    if isinstance(error, _NOTHING_WRITTEN) or result_code(error) == apsw.SQLITE_IOERR_WRITE:
        return None
    detail = "The disk of the database failed during the commit: it may have happened"
    return _caused(IndeterminateWriteError(detail), error)


def _caused(result: Failure, cause: BaseException) -> Failure:
    result.__cause__ = cause
    return result
