"""SQL on a connection of one's own, past the product: what another process would see and do."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apsw
import asyncpg

from cordboard.runtime.db.opening import sqlite_path
from tests.support.postgres_server import call_postgres

Rows = list[tuple[Any, ...]]


def run_sql(url: str, sql: str, *values: Any) -> Rows:  # noqa: ANN401 - what a column holds
    """Run one statement in a transaction of its own and return its rows; ``$1`` on both."""
    path = sqlite_path(url)
    if path is not None:
        return _on_sqlite(path, sql, values)

    async def run(connection: asyncpg.Connection) -> Rows:
        return [tuple(row) for row in await connection.fetch(sql, *values)]

    return call_postgres(url, run)


def _on_sqlite(path: Path, sql: str, values: tuple[Any, ...]) -> Rows:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(5000)
        return connection.execute(sql.replace("$", "?"), values).fetchall()
    finally:
        connection.close()


def is_sqlite(url: str) -> bool:
    """Whether a URL names a SQLite file."""
    return urlsplit(url).scheme == "sqlite"
