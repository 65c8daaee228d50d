"""The database as PostgreSQL, through an asyncpg pool.

Isolation is READ COMMITTED for writes; invariants are held by unique keys and row locks, never by
the isolation level. A connection lost during COMMIT leaves an outcome that nobody knows: that is
said, and never retried.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.migrations import TABLE, pending
from cordboard.runtime.db.placeholders import for_postgres, joined_for_postgres
from cordboard.runtime.db.seam import ReadTx, Row, Statement, UniqueViolationError, Value, WriteTx
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    IndeterminateWriteError,
    StartError,
    StorageFullError,
)
from cordboard.runtime.ids import new_id
from cordboard.runtime.telemetry.metrics import DATABASE_POOL_IN_USE

P = ParamSpec("P")
T = TypeVar("T")
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

POOL_SIZE = 10
SHARDS = 16
TRIES = 3
ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0
MIGRATION_LOCK = 0x636F7264

_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class PostgresTx:
    """A transaction on one connection; both :class:`ReadTx` and :class:`WriteTx`."""

    __slots__ = ("_connection", "now_ms", "shard")

    def __init__(self, connection: Connection, now_ms: int) -> None:
        """Use ``connection``, whose transaction somebody else begins and ends."""
        self._connection = connection
        self.now_ms = now_ms
        self.shard = secrets.randbelow(SHARDS)

    def new_id(self, prefix: str) -> str:
        """Return a new identifier with the given visible prefix."""
        return new_id(prefix)

    async def fetch_one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        return await self._connection.fetchrow(for_postgres(sql), *values)

    async def fetch_all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Return all rows."""
        return await self._connection.fetch(for_postgres(sql), *values)

    async def execute(self, sql: str, *values: Value) -> int:
        """Run one statement and return how many rows it changed."""
        try:
            status: str = await self._connection.execute(for_postgres(sql), *values)
        except asyncpg.UniqueViolationError as error:
            raise UniqueViolationError(error.constraint_name) from error
        return int(status.rsplit(" ", 1)[-1])

    async def execute_together(self, *statements: Statement) -> None:
        """Run data-changing statements in one round trip."""
        sql = joined_for_postgres(tuple(sql for sql, _ in statements))
        values = [value for _, part in statements for value in part]
        try:
            await self._connection.execute(sql, *values)
        except asyncpg.UniqueViolationError as error:
            raise UniqueViolationError(error.constraint_name) from error


class PostgresDatabase:
    """A :class:`cordboard.runtime.db.Database` on PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        """Use ``pool``; see :meth:`connected`."""
        self._pool = pool
        self._clock = clock
        DATABASE_POOL_IN_USE.set_function(lambda: pool.get_size() - pool.get_idle_size())

    @classmethod
    async def connected(cls, url: str, clock: Clock) -> "PostgresDatabase":
        """Open a pool.

        Raises:
            StartError: PostgreSQL cannot be reached or refuses the credentials.
        """
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=POOL_SIZE, command_timeout=STATEMENT_TIMEOUT_S
            )
        except (*_LOST, asyncpg.PostgresError, ValueError) as error:
            raise _cannot_connect(error) from error
        return cls(pool, clock)

    async def read(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a read in one read-only snapshot; a lost connection is tried again."""

        async def attempt(connection: Connection) -> T:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await fn(PostgresTx(connection, self._clock()), *args, **kwargs)

        return await self._with_retries(attempt)

    async def scan(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a long read; PostgreSQL does that off our event loop anyway."""
        return await self.read(fn, *args, **kwargs)

    async def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one transaction and commit it before returning."""

        async def attempt(connection: Connection) -> T:
            transaction = connection.transaction()
            await transaction.start()
            try:
                result = await fn(PostgresTx(connection, self._clock()), *args, **kwargs)
            except BaseException:
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            await _commit(transaction)
            return result

        return await self._with_retries(attempt)

    async def write_long(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one long transaction; PostgreSQL does that off our event loop anyway."""
        return await self.write(fn, *args, **kwargs)

    async def _with_retries(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """Run an attempt on a pooled connection, again after a deadlock or a lost connection."""
        for tries_left in reversed(range(TRIES)):
            try:
                async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                    return await attempt(connection)
            except asyncpg.DiskFullError as error:
                detail = "The disk of the database is full; nothing was done"
                raise StorageFullError(detail) from error
            except (*_LOST, *_AGAIN) as error:
                if tries_left == 0:
                    detail = "The database cannot be reached; nothing was done"
                    raise DatabaseUnavailableError(detail) from error
        raise AssertionError

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()


async def _commit(transaction: Transaction) -> None:
    """Commit, and say so when the answer got lost on the way.

    Raises:
        IndeterminateWriteError: The connection broke while the commit was under way.
    """
    try:
        await transaction.commit()
    except _LOST as error:
        detail = "The answer to the commit was lost: it may have happened"
        raise IndeterminateWriteError(detail) from error


def _cannot_connect(error: BaseException) -> StartError:
    return StartError(
        f"cannot use PostgreSQL at CORDBOARD_DATABASE_URL: {str(error) or type(error).__name__}"
    )


async def migrate_postgres(url: str, clock: Clock, *, apply: bool) -> list[str]:
    """Apply what is pending in one transaction, one node at a time; return the names applied.

    Raises:
        StartError: PostgreSQL cannot be used, is newer than the code, or has pending migrations
            that may not be applied.
    """
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_TIMEOUT_S)
    except (*_LOST, asyncpg.PostgresError, ValueError) as error:
        raise _cannot_connect(error) from error
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
            await connection.execute(TABLE)
            rows = await connection.fetch("SELECT number, checksum FROM schema_migration")
            todo = pending({row["number"]: row["checksum"] for row in rows})
            if todo and not apply:
                message = f"{len(todo)} migrations are pending; run `cordboard migrate` first"
                raise StartError(message)
            for migration in todo:
                for statement in migration.statements:
                    await connection.execute(for_postgres(statement))
                await connection.execute(
                    "INSERT INTO schema_migration VALUES ($1, $2, $3, $4)",
                    migration.number,
                    migration.name,
                    migration.checksum,
                    clock(),
                )
        return [migration.name for migration in todo]
    finally:
        await connection.close()
