"""Bring a SQLite file to the schema of this version."""

import os
from contextlib import suppress
from pathlib import Path

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.migrations import APPLIED, NOTE, TABLE, Migration, check_applied, pending
from cordboard.runtime.db.placeholders import for_sqlite
from cordboard.runtime.db.sqlite import open_connection
from cordboard.runtime.errors import StartError

CACHE_KIB = 2_000
OWNER_ONLY = 0o600
OWNERS_FOLDER = 0o700
IN_MEMORY = ":memory:"


def migrate_sqlite(path: Path, clock: Clock, *, create: bool, apply: bool) -> list[str]:
    """Apply what is pending in one transaction and return the names applied.

    Two processes may do this at once: the second waits for the first and finds nothing to do.

    Raises:
        StartError: The file is missing and may not be made, cannot be used, is newer than the
            code, or has pending migrations that may not be applied.
    """
    if not path.exists():
        if not create:
            message = f"there is no database at {path}; `cordboard migrate` makes one"
            raise StartError(message)
        _make_folder(path)
        _make_file(path)
    connection = open_connection(path, CACHE_KIB, create=create)
    try:
        if not (todo := _pending(connection)):
            return []
        check_applied(todo, apply=apply)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(TABLE)
        todo = _pending(connection)
        for migration in todo:
            _apply(connection, migration, clock())
        connection.execute("COMMIT")
        return [migration.name for migration in todo]
    except apsw.Error as error:
        message = f"cannot prepare the database {path}: {error}"
        raise StartError(message) from error
    finally:
        connection.close()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(OWNERS_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {path.parent}: {error.strerror}"
        raise StartError(message) from error


def _make_file(path: Path) -> None:
    """Make an empty file that only its owner may read; SQLite gives ``-wal`` and ``-shm`` its mode.

    One that cannot be made is named when SQLite opens it; ``:memory:`` is no file to SQLite.
    """
    if str(path) == IN_MEMORY:
        return
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, OWNER_ONLY))


def _pending(connection: apsw.Connection) -> list[Migration]:
    is_new = not connection.table_exists("main", "schema_migration")
    return pending({} if is_new else dict(connection.execute(APPLIED)))


def _apply(connection: apsw.Connection, migration: Migration, now_ms: int) -> None:
    for statement in migration.statements:
        connection.execute(for_sqlite(statement))
    values = (migration.number, migration.name, migration.checksum, now_ms)
    connection.execute(for_sqlite(NOTE), values)
