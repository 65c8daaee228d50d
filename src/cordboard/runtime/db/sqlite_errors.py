"""What SQLite's result codes mean for the one who asked (https://www.sqlite.org/rescode.html)."""

import apsw

from cordboard.runtime.errors import DatabaseUnavailableError, StorageFullError

_FULL_RESULTS = (apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_WRITE)


def result_code(error: apsw.Error) -> int:
    """Return SQLite's extended result code; apsw's own errors have none."""
    return int(getattr(error, "extendedresult", 0))


def translated(error: BaseException) -> BaseException:
    """Return the domain error that ``error`` stands for, or ``error`` itself.

    A full disk shows as SQLITE_FULL, or as an I/O error while the write-ahead log's index grows.
    In all of these SQLite has undone the transaction, so nothing was done.
    """
    if not isinstance(error, apsw.Error):
        return error
    if isinstance(error, apsw.FullError) or result_code(error) in _FULL_RESULTS:
        result: BaseException = StorageFullError(
            "The disk of the database is full; nothing was done"
        )
    elif isinstance(error, apsw.BusyError | apsw.LockedError):
        result = DatabaseUnavailableError("Another process holds the database; nothing was done")
    elif isinstance(error, apsw.IOError | apsw.CantOpenError | apsw.ReadOnlyError):
        result = DatabaseUnavailableError("The database file cannot be used; nothing was done")
    else:
        return error
    result.__cause__ = error
    return result
