"""What a transaction promises, whatever database runs it.

A function given to :meth:`Database.write` awaits nothing but its ``tx`` and touches nothing else:
it may run more than once (deadlock, lost connection, a rolled-back group), and on SQLite it runs
to its end without an event loop.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

Value = str | int | bytes | None
Statement = tuple[str, Sequence[Value]]


class Row(Protocol):
    """Values of one row, in the order of the selected columns."""

    def __getitem__(self, index: int, /) -> Any:  # noqa: ANN401 - SQL decides the type
        """Return one column's value."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Go through the values."""
        ...


P = ParamSpec("P")
T = TypeVar("T")


class UniqueViolationError(Exception):
    """A row with this key is there already. On PostgreSQL the transaction is over: let it end."""


class ForeignAwaitError(RuntimeError):
    """A transaction function awaited something other than its transaction."""


class ReadTx(Protocol):
    """One consistent, read-only look at the database. Placeholders are ``$1`` … ``$n``."""

    @property
    def now_ms(self) -> int:
        """The instant of this transaction, in epoch milliseconds."""
        ...

    async def fetch_one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        ...

    async def fetch_all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Return all rows."""
        ...


class WriteTx(ReadTx, Protocol):
    """One transaction that is durable when :meth:`Database.write` returns."""

    @property
    def shard(self) -> int:
        """Which shard of a counter this transaction should touch, so that writers do not queue."""
        ...

    def new_id(self, prefix: str) -> str:
        """Return a new identifier with the given visible prefix."""
        ...

    async def execute(self, sql: str, *values: Value) -> int:
        """Run one statement and return how many rows it changed.

        Raises:
            UniqueViolationError: A unique key is taken.
        """
        ...

    async def execute_together(self, *statements: Statement) -> None:
        """Run data-changing statements that do not read each other's effects.

        One round trip on PostgreSQL; all of them happen, or the transaction fails.

        Raises:
            UniqueViolationError: A unique key is taken.
        """
        ...


class Database(Protocol):
    """Where everything is kept."""

    async def read(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a short read (a point query, a small page) and return what it returns.

        Raises:
            DatabaseUnavailableError: The database cannot be reached.
        """
        ...

    async def scan(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a read whose cost grows with the estate (counts, searches) off the event loop.

        Raises:
            DatabaseUnavailableError: The database cannot be reached.
        """
        ...

    async def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one transaction; when this returns, it is on disk.

        Raises:
            DatabaseUnavailableError: Nothing was done.
            StorageFullError: Nothing was done.
            IndeterminateWriteError: The answer to the commit was lost.
        """
        ...

    async def write_long(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like :meth:`write`, for transactions whose cost grows with the estate."""
        ...

    async def close(self) -> None:
        """Finish what is queued and let go of the database."""
        ...
