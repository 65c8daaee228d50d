"""The database as PostgreSQL, through an asyncpg pool.

Isolation is READ COMMITTED for writes; invariants are held by unique keys and row locks, never by
the isolation level. A connection lost during COMMIT leaves an outcome that nobody knows: that is
said, and never retried.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import asyncpg

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.postgres_errors import (
    FAILURES,
    is_lost,
    is_worth_another_try,
    translated,
)
from cordboard.runtime.db.postgres_tx import (
    AnotherStatement,
    Connection,
    OneStatementTx,
    PostgresTx,
)
from cordboard.runtime.db.seam import (
    Database,
    ReadFunction,
    TransactionOverError,
    WriteFunction,
    WriteInReadError,
)
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    IndeterminateWriteError,
    StartError,
)
from cordboard.runtime.telemetry.metrics import DATABASE_POOL_IN_USE

T = TypeVar("T")

POOL_SIZE = 10
TRIES = 3
RETRY_WITHIN_MS = 30
ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 5.0

BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class PostgresConnection(asyncpg.Connection):
    """A connection that is given back as it is: our transactions leave nothing behind in it."""

    def get_reset_query(self) -> str:
        """Spare the round trip that would reset what nobody has set."""
        return ""


class PostgresDatabase(Database):
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        """Use ``pool``; see :meth:`connected`."""
        super().__init__()
        self._pool = pool
        self._clock = clock
        self._under_way = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_closed = False

    @classmethod
    async def connected(
        cls, url: str, clock: Clock, *, statement_timeout_s: float = STATEMENT_TIMEOUT_S
    ) -> "PostgresDatabase":
        """Open a pool.

        Raises:
            StartError: PostgreSQL cannot be reached or refuses the credentials.
        """
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=POOL_SIZE,
                command_timeout=statement_timeout_s,
                connection_class=PostgresConnection,
                init=_set_read_only,
            )
        except (*FAILURES, ValueError) as error:
            raise cannot_connect(error) from error
        return cls(pool, clock)

    async def close(self) -> None:
        """Finish what was asked for, and cut off what is not done in time."""
        self._is_closed = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._is_idle.wait()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    # PostgreSQL does its work off our event loop, so a long transaction is like any other here.

    async def _read(self, start: ReadFunction[T], *, is_long: bool) -> T:
        """Run a read in one read-only snapshot.

        A single statement is one by itself, and most short reads are no more: they are spared the
        two round trips of a transaction. One that turns out to be more begins again in one.
        """

        async def attempt(connection: Connection) -> T:
            try:
                if not is_long:
                    with suppress(AnotherStatement):
                        return await start(OneStatementTx(connection, self._clock()))
                return await self._read_in_transaction(connection, start)
            except asyncpg.ReadOnlySQLTransactionError as error:
                raise WriteInReadError(str(error)) from error

        return await self._run(attempt)

    async def _read_in_transaction(self, connection: Connection, start: ReadFunction[T]) -> T:
        await _begin(connection, BEGIN_READ)
        try:
            return await start(PostgresTx(connection, self._clock()))
        finally:
            await _roll_back(connection)

    async def _write(
        self,
        start: WriteFunction[T],
        *,
        is_long: bool = False,  # noqa: ARG002 - as said above
        is_patient: bool = False,  # noqa: ARG002 - and it shares its syncs by itself
    ) -> T:
        """Run one transaction and commit it."""

        async def attempt(connection: Connection) -> T:
            await _begin(connection, BEGIN_WRITE)
            try:
                result = await start(PostgresTx(connection, self._clock()))
            except BaseException:
                await _roll_back(connection)
                raise
            await _commit(connection)
            return result

        return await self._run(attempt)

    async def _run(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a transaction, unless the database is closed; the end waits for it."""
        if self._is_closed:
            raise DatabaseUnavailableError("The database is closed; nothing was done")
        self._under_way += 1
        self._is_idle.clear()
        try:
            return await self._with_retries(attempt)
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._is_idle.set()

    async def _with_retries(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """Run an attempt, again after a deadlock or on another connection when one was lost."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._on_connection(attempt)
            except FAILURES as error:
                if tries_left and is_worth_another_try(error):
                    # Those that have met in a deadlock must not meet there again.
                    await asyncio.sleep(secrets.randbelow(RETRY_WITHIN_MS) / 1000)
                    continue
                if (failure := translated(error)) is None:
                    raise
                raise failure from error
        raise AssertionError

    async def _acquire(self) -> Connection:
        """Take a connection from the pool, which may have to make one.

        Raises:
            DatabaseUnavailableError: PostgreSQL answers, and lets nobody in.
        """
        try:
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except asyncpg.PostgresError as error:
            if is_worth_another_try(error):
                raise
            detail = "The database takes no connections; nothing was done"
            raise DatabaseUnavailableError(detail) from error

    async def _on_connection(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await self._acquire()
        try:
            with DATABASE_POOL_IN_USE.track_inprogress():
                return await attempt(connection)
        finally:
            await self._give_back(connection)

    async def _give_back(self, connection: Connection) -> None:
        """Return a connection to the pool, which drops it when it is broken.

        That may fail, but it comes after the outcome, so it must not become the outcome: what is
        committed would run again.
        """
        with suppress(*FAILURES):
            await self._pool.release(connection)


async def _set_read_only(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let nothing be written on a connection but in a transaction that says so."""
    await connection.execute("SET default_transaction_read_only = on")


async def _begin(connection: Connection, sql: str) -> None:
    """Begin a transaction; a connection that cannot is dropped, so that no other try gets it."""
    try:
        await connection.execute(sql)
    except FAILURES:
        connection.terminate()
        raise


async def _roll_back(connection: Connection) -> None:
    """End a transaction whose outcome is known already; a connection that cannot is dropped."""
    try:
        await connection.execute("ROLLBACK")
    except FAILURES:
        with suppress(asyncpg.InterfaceError):  # the pool has taken it back already
            connection.terminate()


async def _commit(connection: Connection) -> None:
    """Commit, and say so when the answer got lost on the way.

    Raises:
        IndeterminateWriteError: The connection broke while the commit was under way.
        TransactionOverError: PostgreSQL rolled back, because a statement had failed.
    """
    if connection.is_closed():
        raise asyncpg.ConnectionDoesNotExistError("closed before the commit was sent")
    try:
        status = await connection.execute("COMMIT")
    except FAILURES as error:
        if not is_lost(error):
            raise
        detail = "The answer to the commit was lost: it may have happened"
        raise IndeterminateWriteError(detail) from error
    if status != "COMMIT":
        raise TransactionOverError("a transaction function passed over a failed statement")


def cannot_connect(error: BaseException) -> StartError:
    """Return the refusal to start without PostgreSQL."""
    if isinstance(error, OSError):
        reason = "" if error.strerror is None else f": {error.strerror}"
        return StartError(f"PostgreSQL at CORDBOARD_DATABASE_URL cannot be reached{reason}")
    reason = str(error) or type(error).__name__
    return StartError(f"cannot use PostgreSQL at CORDBOARD_DATABASE_URL: {reason}")
