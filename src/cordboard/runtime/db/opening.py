"""From a database URL to a migrated, open database."""

from pathlib import Path

from cordboard.runtime.clock import Clock, system_clock
from cordboard.runtime.db.postgres import PostgresDatabase
from cordboard.runtime.db.postgres_migrate import migrate_postgres
from cordboard.runtime.db.seam import Database
from cordboard.runtime.db.sqlite import SQLiteDatabase
from cordboard.runtime.db.sqlite_migrate import migrate_sqlite
from cordboard.runtime.errors import StartError


def sqlite_path(url: str) -> Path | None:
    """Return the file that a ``sqlite://`` URL names, or None for PostgreSQL.

    ``sqlite:///data/cordboard.db`` is relative to the working directory, ``sqlite:////var/…`` is
    absolute.

    Raises:
        StartError: The URL is of neither kind.
    """
    if url.startswith(("postgresql://", "postgres://")):
        return None
    file = url.removeprefix("sqlite:///")
    if not url.startswith("sqlite:///") or not file.strip("/") or set(file) & set("?#"):
        message = (
            "CORDBOARD_DATABASE_URL must be sqlite:///relative.db, sqlite:////absolute.db or "
            "postgresql://…"
        )
        raise StartError(message)
    return Path(file)


async def open_database(
    url: str, *, create: bool, migrate: bool = True, clock: Clock = system_clock
) -> Database:
    """Open the database at ``url``; with ``migrate``, bring its schema up to date first.

    Args:
        url: ``sqlite:///…`` or ``postgresql://…``.
        create: Make a SQLite file (and its folder) that is not there.
        migrate: Apply pending migrations; without it, pending ones are a refusal.
        clock: The source of ``tx.now_ms``.

    Raises:
        StartError: The database is not there, cannot be used, or is newer than the code.
    """
    await _migrate(url, clock, create=create, apply=migrate)
    path = sqlite_path(url)
    if path is None:
        return await PostgresDatabase.connected(url, clock)
    return SQLiteDatabase(path, clock)


async def migrate_database(url: str, *, clock: Clock = system_clock) -> list[str]:
    """Bring the database at ``url`` to the schema of this version; return what was applied.

    A SQLite file that is not there is made.

    Raises:
        StartError: The database cannot be used, or is newer than the code.
    """
    return await _migrate(url, clock, create=True, apply=True)


async def _migrate(url: str, clock: Clock, *, create: bool, apply: bool) -> list[str]:
    path = sqlite_path(url)
    if path is None:
        return await migrate_postgres(url, clock, apply=apply)
    return migrate_sqlite(path, clock, create=create, apply=apply)
