"""SQLite transactions: statements that never wait, driven to their end in one thread."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import apsw

from cordboard.runtime.db.placeholders import for_sqlite
from cordboard.runtime.db.seam import (
    ForeignAwaitError,
    Row,
    Statement,
    UniqueViolationError,
    Value,
)
from cordboard.runtime.db.sqlite_errors import result_code
from cordboard.runtime.ids import new_id

T = TypeVar("T")

UNIQUE_KEYS = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY)


class SQLiteTx:
    """A transaction on one connection; both :class:`ReadTx` and :class:`WriteTx`.

    A reader's connection has ``query_only`` on, so SQLite itself refuses a write through it.
    """

    __slots__ = ("_connection", "_run", "now_ms")

    shard = 0

    def __init__(self, connection: apsw.Connection, now_ms: int) -> None:
        """Use ``connection``, whose transaction somebody else begins and ends."""
        self._connection = connection
        self._run = connection.execute
        self.now_ms = now_ms

    def new_id(self, prefix: str) -> str:
        """Return a new identifier with the given visible prefix."""
        return new_id(prefix)

    async def fetch_one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        return self._run(for_sqlite(sql), values).fetchone()

    async def fetch_all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Return all rows."""
        return self._run(for_sqlite(sql), values).fetchall()

    async def execute(self, sql: str, *values: Value) -> int:
        """Run one statement and return how many rows it changed."""
        try:
            self._run(for_sqlite(sql), values)
        except apsw.ConstraintError as error:
            raise _constraint(error) from error
        return self._connection.changes()

    async def execute_together(self, *statements: Statement) -> None:
        """Run data-changing statements one after the other."""
        run = self._run
        try:
            for sql, values in statements:
                run(for_sqlite(sql), values)
        except apsw.ConstraintError as error:
            raise _constraint(error) from error


def _constraint(error: apsw.ConstraintError) -> Exception:
    """Turn a broken unique key into the seam's error; any other constraint is a bug of ours."""
    if result_code(error) in UNIQUE_KEYS:
        return UniqueViolationError(str(error))
    return error


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a transaction function to its end without an event loop.

    Raises:
        ForeignAwaitError: It awaited something that is not ready at once, so not its ``tx``.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    message = f"{coroutine} awaited something other than its transaction"
    raise ForeignAwaitError(message)
