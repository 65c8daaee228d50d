"""What a transaction promises, whatever database runs it.

A function given to :meth:`Database.write` awaits nothing but its ``tx`` and touches nothing else:
it may run more than once (deadlock, lost connection, a rolled-back group), and on SQLite it runs
to its end without an event loop.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
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
    """A row with this key is there already. The transaction is over: raise on, write no more."""


class TransactionOverError(RuntimeError):
    """A transaction function returned although a statement of its had failed."""


class WriteInReadError(RuntimeError):
    """A function that was given to a read has tried to write."""


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
        """Run data-changing statements that neither read each other's effects nor share a row.

        One round trip on PostgreSQL; all of them happen, or the transaction fails.

        Raises:
            UniqueViolationError: A unique key is taken.
        """
        ...


ReadFunction = Callable[[ReadTx], Awaitable[T]]
WriteFunction = Callable[[WriteTx], Awaitable[T]]


class Database(ABC):
    """Where everything is kept. It belongs to the event loop in which it was opened.

    A function of :meth:`read` or :meth:`write` takes microseconds; one whose cost grows with the
    estate (counts, searches, bulk deletes) is given to :meth:`scan` or :meth:`write_long`, which
    keep it off the event loop.
    """

    def __init__(self) -> None:
        """Remember the event loop."""
        self._loop = asyncio.get_running_loop()

    def read(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """Run a short read in one snapshot and return what it returns; it may run more than once.

        Raises:
            DatabaseUnavailableError: The database cannot be reached.
        """
        self._check_loop()
        return self._read(lambda tx: fn(tx, *args, **kwargs), is_long=False)

    def scan(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """Like :meth:`read`, for reads whose cost grows with the estate."""
        self._check_loop()
        return self._read(lambda tx: fn(tx, *args, **kwargs), is_long=True)

    def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """Run one transaction; when this returns, it is on disk.

        Raises:
            DatabaseUnavailableError: Nothing was done.
            StorageFullError: Nothing was done.
            IndeterminateWriteError: The outcome of the commit is not known.
        """
        self._check_loop()
        return self._write(lambda tx: fn(tx, *args, **kwargs))

    def write_patiently(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """Like :meth:`write`, for what nobody is in a hurry about.

        It may wait some milliseconds for others to share its commit, which costs more than most
        transactions themselves.
        """
        self._check_loop()
        return self._write(lambda tx: fn(tx, *args, **kwargs), is_patient=True)

    def write_long(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """Like :meth:`write`, for transactions whose cost grows with the estate."""
        self._check_loop()
        return self._write(lambda tx: fn(tx, *args, **kwargs), is_long=True)

    @abstractmethod
    async def close(self) -> None:
        """Finish what was asked for and let go of the database. Asking twice is safe."""

    @abstractmethod
    def _read(self, start: ReadFunction[T], *, is_long: bool) -> Coroutine[Any, Any, T]:
        """Run a read-only transaction."""

    @abstractmethod
    def _write(
        self, start: WriteFunction[T], *, is_long: bool = False, is_patient: bool = False
    ) -> Coroutine[Any, Any, T]:
        """Run a transaction and commit it."""

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("a database is used in the event loop that opened it, and no other")
