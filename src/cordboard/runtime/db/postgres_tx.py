"""PostgreSQL transactions: one connection of the pool, for as long as a function runs."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from cordboard.runtime.db.placeholders import for_postgres, joined_for_postgres
from cordboard.runtime.db.seam import Row, Statement, UniqueViolationError, Value
from cordboard.runtime.ids import new_id

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

SHARDS = 61
"""More than the connections of a node, and prime, so that neighbours' process ids rarely meet."""


class PostgresTx:
    """A transaction on one connection; both :class:`ReadTx` and :class:`WriteTx`."""

    __slots__ = ("_connection", "now_ms", "shard")

    def __init__(self, connection: Connection, now_ms: int) -> None:
        """Use ``connection``, whose transaction somebody else begins and ends."""
        self._connection = connection
        self.now_ms = now_ms
        # One for each connection: a shard's row stays locked until its transaction is on disk.
        self.shard = connection.get_server_pid() % SHARDS

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
        return await self._changed(for_postgres(sql), values)

    async def execute_together(self, *statements: Statement) -> None:
        """Run data-changing statements in one round trip."""
        sql = joined_for_postgres(tuple(sql for sql, _ in statements))
        await self._changed(sql, [value for _, part in statements for value in part])

    async def _changed(self, sql: str, values: Sequence[Value]) -> int:
        try:
            status: str = await self._connection.execute(sql, *values)
        except asyncpg.UniqueViolationError as error:
            raise UniqueViolationError(error.constraint_name) from error
        return int(status.rsplit(" ", 1)[-1])


class AnotherStatement(BaseException):
    """A read asks for more than one statement, so that it needs a transaction to see one state."""


class OneStatementTx(PostgresTx):
    """A read outside any transaction: it may ask once."""

    __slots__ = ("_has_asked",)

    def __init__(self, connection: Connection, now_ms: int) -> None:
        """Use ``connection``, on which no transaction has begun."""
        super().__init__(connection, now_ms)
        self._has_asked = False

    async def fetch_one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        self._ask()
        return await super().fetch_one(sql, *values)

    async def fetch_all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Return all rows."""
        self._ask()
        return await super().fetch_all(sql, *values)

    def _ask(self) -> None:
        if self._has_asked:
            raise AnotherStatement
        self._has_asked = True
