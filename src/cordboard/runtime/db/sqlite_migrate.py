"""Bring a SQLite file to the schema of this version."""

from pathlib import Path

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.migrations import TABLE, Migration, pending
from cordboard.runtime.db.placeholders import for_sqlite
from cordboard.runtime.db.sqlite import open_connection
from cordboard.runtime.errors import StartError


def migrate_sqlite(path: Path, clock: Clock, *, create: bool, apply: bool) -> list[str]:
    """Apply what is pending, one transaction each, and return the names applied.

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
    connection = open_connection(path, cache_kib=2_000)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(TABLE)
        todo = pending(dict(connection.execute("SELECT number, checksum FROM schema_migration")))
        if todo and not apply:
            raise StartError(_not_applied(todo))
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
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {path.parent}: {error.strerror}"
        raise StartError(message) from error


def _not_applied(todo: list[Migration]) -> str:
    return f"{len(todo)} migrations are pending; run `cordboard migrate` first"


def _apply(connection: apsw.Connection, migration: Migration, now_ms: int) -> None:
    for statement in migration.statements:
        connection.execute(for_sqlite(statement))
    connection.execute(
        "INSERT INTO schema_migration VALUES (?1, ?2, ?3, ?4)",
        (migration.number, migration.name, migration.checksum, now_ms),
    )
