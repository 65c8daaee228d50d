"""Fresh databases for tests: SQLite files and clones of a PostgreSQL template, made alike."""

import asyncio
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cordboard.runtime.clock import system_clock
from cordboard.runtime.db.postgres_migrate import migrate_postgres
from cordboard.runtime.db.sqlite_migrate import migrate_sqlite
from tests.support.postgres_server import PostgresMissingError, PostgresServer, in_thread

KINDS = ("sqlite", "postgres")
TEMPLATE = "template_migrated"

_numbers = itertools.count(1)


def started_postgres() -> PostgresServer:
    """Start a PostgreSQL; where none can be run: a skip with the reason, in CI an error."""
    try:
        return PostgresServer()
    except PostgresMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}")


def make_template(server: PostgresServer) -> None:
    """Make the migrated, empty database that tests get clones of."""
    server.run(f"CREATE DATABASE {TEMPLATE}")
    migration = migrate_postgres(server.url(TEMPLATE), system_clock, apply=True)
    in_thread(lambda: asyncio.run(migration))


@contextmanager
def postgres_clone(server: PostgresServer, template: str = TEMPLATE) -> Iterator[str]:
    """Give the URL of a clone of a template, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.url(name)
    finally:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


def make_sqlite_template(path: Path) -> None:
    """Make the migrated, empty file that tests get copies of."""
    migrate_sqlite(path, system_clock, create=True, apply=True)


def sqlite_copy(template: Path, folder: Path) -> str:
    """Return the URL of a fresh copy of the template in ``folder``."""
    path = folder / "cordboard.db"
    shutil.copyfile(template, path)
    return sqlite_url(path)


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"
