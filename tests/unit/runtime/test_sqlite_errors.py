"""What SQLite's failures mean: which of them are the database's, and which a bug of ours."""

import apsw
import pytest

from cordboard.runtime.db.sqlite_errors import translated
from cordboard.runtime.errors import DatabaseUnavailableError, StorageFullError

UNAVAILABLE = {
    apsw.BusyError: "Another process holds the database; nothing was done",
    apsw.LockedError: "Another process holds the database; nothing was done",
    apsw.ProtocolError: "Another process holds the database; nothing was done",
    apsw.CorruptError: "The database file is damaged; nothing was done",
    apsw.NotADBError: "The database file is damaged; nothing was done",
    apsw.NoMemError: "There is no memory left for the database; nothing was done",
    apsw.IOError: "The database file cannot be used; nothing was done",
    apsw.CantOpenError: "The database file cannot be used; nothing was done",
    apsw.ReadOnlyError: "The database file cannot be used; nothing was done",
    apsw.PermissionsError: "The database file cannot be used; nothing was done",
    apsw.ConnectionClosedError: "The database is closed",
}


@pytest.mark.parametrize("kind", UNAVAILABLE, ids=lambda kind: kind.__name__)
def test_what_keeps_the_database_from_serving_is_said_to_be_passing(kind: type[apsw.Error]) -> None:
    cause = kind("of SQLite's")
    error = translated(cause)
    assert isinstance(error, DatabaseUnavailableError)
    assert (error.detail, error.__cause__) == (UNAVAILABLE[kind], cause)


def test_a_full_disk_is_said_to_be_full() -> None:
    assert isinstance(translated(apsw.FullError("of SQLite's")), StorageFullError)


@pytest.mark.parametrize(
    "kind",
    [apsw.SQLError, apsw.ConstraintError, apsw.MisuseError, apsw.MismatchError, LookupError],
    ids=lambda kind: kind.__name__,
)
def test_what_a_statement_of_ours_does_wrong_stays_what_it_is(kind: type[Exception]) -> None:
    cause = kind("of ours")
    assert translated(cause) is cause
