"""SQLite transactions: statements that never wait, driven to their end in one thread."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn, TypeVar, cast

import apsw

from cordboard.runtime.db.placeholders import for_sqlite
from cordboard.runtime.db.seam import (
    ForeignAwaitError,
    Row,
    Statement,
    TransactionOverError,
    UniqueViolationError,
    Value,
)
from cordboard.runtime.db.sqlite_errors import UNIQUE_KEYS, result_code
from cordboard.runtime.ids import new_id
from cordboard.runtime.responsiveness import give_way

T = TypeVar("T")

MANY_ROWS = 100
"""For so many, SQLite takes a tenth of a millisecond, and for fewer, giving way takes longer."""


class SQLiteTx:
    """A transaction on one connection; both :class:`ReadTx` and :class:`WriteTx`.

    A reader's connection has ``query_only`` on, so SQLite itself refuses a write through it.

    Attributes:
        is_over: A statement broke a rule. SQLite would go on; PostgreSQL does not, so none may.
    """

    __slots__ = ("_connection", "_run", "is_over", "now_ms")

    shard = 0

    def __init__(self, connection: apsw.Connection, now_ms: int) -> None:
        """Use ``connection``, whose transaction somebody else begins and ends."""
        self._connection = connection
        self._run = connection.execute
        self.now_ms = now_ms
        self.is_over = False

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
            self._refuse(error)
        return self._connection.changes()

    async def execute_together(self, *statements: Statement) -> None:
        """Run data-changing statements one after the other."""
        run = self._run
        try:
            for sql, values in statements:
                run(for_sqlite(sql), values)
        except apsw.ConstraintError as error:
            self._refuse(error)

    def _refuse(self, error: apsw.ConstraintError) -> NoReturn:
        """Raise the seam's error for a broken unique key; any other rule is broken by a bug."""
        self.is_over = True
        if result_code(error) in UNIQUE_KEYS:
            raise UniqueViolationError(str(error)) from error
        raise error


class ScanTx(SQLiteTx):
    """A transaction in a thread beside the event loop, which has its turn after many rows."""

    __slots__ = ()

    async def fetch_all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Return all rows."""
        rows = await super().fetch_all(sql, *values)
        if len(rows) >= MANY_ROWS:
            give_way()
        return rows


def drive(start: Callable[[SQLiteTx], Awaitable[T]], tx: SQLiteTx) -> T:
    """Run a transaction function to its end without an event loop.

    Raises:
        ForeignAwaitError: It awaited something that is not ready at once, so not its ``tx``.
        TransactionOverError: It returned although a statement of its had failed.
    """
    coroutine = cast("Coroutine[Any, Any, T]", start(tx))
    try:
        coroutine.send(None)
    except StopIteration as stop:
        if tx.is_over:
            raise TransactionOverError(f"{coroutine} passed over a failed statement") from None
        result: T = stop.value
        return result
    coroutine.close()
    raise ForeignAwaitError(f"{coroutine} awaited something other than its transaction")
