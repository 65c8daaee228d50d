"""The reference's engines and sessions, opened durably and tuned for each database."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from bench.reference.tables import Base, KeyPair

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "busy_timeout = 30000",
    "cache_size = -65536",
    "temp_store = MEMORY",
)
_POSTGRES = {
    "prepared_statement_cache_size": 500,
    "server_settings": {"synchronous_commit": "on", "jit": "off"},
}
_READERS = 16
_POSTGRES_WRITERS = 16
_SQLITE_WRITERS = 1


@dataclass(frozen=True)
class Database:
    """Engines for single statements (autocommit) and for units of work (a transaction each).

    SQLite has one writer at a time, so its writing engines hold one connection: what waits
    does so in the pool and not in SQLite's busy handler, which sleeps.
    """

    reads: AsyncEngine
    writes: AsyncEngine
    units: AsyncEngine

    @property
    def sessions(self) -> async_sessionmaker[AsyncSession]:
        """Makes a session for each unit of work; objects stay usable after its commit."""
        return async_sessionmaker(self.units, expire_on_commit=False)

    @property
    def reading_sessions(self) -> async_sessionmaker[AsyncSession]:
        """Makes a session for reads, which need no transaction of their own."""
        return async_sessionmaker(self.reads, expire_on_commit=False)

    async def prepare(self, key_pair: KeyPair) -> None:
        """Create the tables and store the one key pair, unless they are there."""
        async with self.units.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with self.sessions.begin() as session:
            await session.merge(key_pair)

    async def close(self) -> None:
        """Close every connection."""
        for engine in (self.reads, self.writes, self.units):
            await engine.dispose()


def open_database(url: str) -> Database:
    """Open `sqlite:///…` through aiosqlite or `postgresql://…` through asyncpg."""
    is_sqlite = url.startswith("sqlite:")
    writers = _SQLITE_WRITERS if is_sqlite else _POSTGRES_WRITERS
    autocommit: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    return Database(
        reads=_engine(url, _READERS, autocommit),
        writes=_engine(url, writers, autocommit),
        units=_engine(url, writers, {}),
    )


def _engine(url: str, size: int, options: dict[str, Any]) -> AsyncEngine:
    if not url.startswith("sqlite:"):
        url = url.replace("postgresql://", "postgresql+asyncpg://")
        options = {**options, "connect_args": _POSTGRES}
    else:
        url = url.replace("sqlite://", "sqlite+aiosqlite://")
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=60, **options)
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
