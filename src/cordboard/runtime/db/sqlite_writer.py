"""The one SQLite writer: waiting transactions share a commit, so they share its fsync.

Each runs in a savepoint of its own under one ``BEGIN IMMEDIATE … COMMIT``. Nothing is
acknowledged before the COMMIT returned. When SQLite itself rolls the outer transaction back (a
full disk does, https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction),
the failing function gets its error and the others run again, each alone.

Statements of short transactions take microseconds and run on the event loop's thread; what waits
for a disk or for another process (COMMIT, a busy BEGIN) and what is long runs in the writer's
thread. Running every statement there was measured at half the throughput: each call into SQLite
gives the interpreter lock away and has to win it back from a busy loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.sqlite_errors import translated
from cordboard.runtime.db.sqlite_tx import SQLiteTx, drive
from cordboard.runtime.errors import DatabaseUnavailableError, StorageFullError
from cordboard.runtime.telemetry.metrics import DATABASE_GROUP_SIZE, DATABASE_QUEUE_DEPTH

Start = Callable[[SQLiteTx], Coroutine[Any, Any, Any]]
LARGEST_GROUP = 64
LONGEST_QUEUE = 4096
BUSY_TIMEOUT_MS = 5000


class Waiting:
    """A transaction function that waits for the writer, and the future that gets its outcome.

    As a context manager it takes whatever is raised inside as its outcome, to be raised again
    where the transaction was asked for.
    """

    __slots__ = ("error", "future", "is_long", "result", "start")

    def __init__(self, start: Start, future: asyncio.Future[Any], *, is_long: bool) -> None:
        """Queue ``start``; ``future`` belongs to the event loop that asked."""
        self.start = start
        self.future = future
        self.is_long = is_long
        self.result: Any = None
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        """Begin the part whose failure is this member's outcome."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Take the failure, if there was one, as the outcome."""
        if error is not None:
            self.error = translated(error)
        return True

    def settle(self) -> None:
        """Hand the outcome to the one who waits."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SQLiteWriter:
    """The owner of the only writing connection."""

    def __init__(self, connection: apsw.Connection, clock: Clock) -> None:
        """Take over ``connection``; it is closed with :meth:`close`."""
        connection.set_busy_timeout(0)
        self._connection = connection
        self._clock = clock
        self._queue: deque[Waiting] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._is_closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")

    def submit(self, start: Start, *, is_long: bool = False) -> asyncio.Future[Any]:
        """Queue a transaction; the future resolves when it is on disk or refused.

        Raises:
            DatabaseUnavailableError: The queue is full or the database is closed.
        """
        if self._is_closed or len(self._queue) >= LONGEST_QUEUE:
            detail = "The database is closed" if self._is_closed else "Too many writes are waiting"
            raise DatabaseUnavailableError(detail)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.append(Waiting(start, future, is_long=is_long))
        if self._pump is None or self._pump.done():
            self._pump = loop.create_task(self._work())
        return future

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._is_closed = True
        if self._pump is not None:
            await self._pump
        self._thread.shutdown(wait=True)
        self._connection.close()

    async def _work(self) -> None:
        """Run what waits, group by group, until nothing does."""
        while self._queue:
            group = self._next_group()
            DATABASE_QUEUE_DEPTH.set(len(self._queue))
            DATABASE_GROUP_SIZE.observe(len(group))
            if group[0].is_long or not await self._ran_together(group):
                await self._in_thread(self._run_alone, group)
            for waiting in group:
                waiting.settle()

    def _next_group(self) -> list[Waiting]:
        """Take the next long transaction, or as many short ones as stand before it."""
        group = [self._queue.popleft()]
        while (
            self._queue
            and len(group) < LARGEST_GROUP
            and not (group[0].is_long or self._queue[0].is_long)
        ):
            group.append(self._queue.popleft())
        return group

    async def _in_thread(self, fn: Callable[..., Any], *args: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, fn, *args)

    async def _ran_together(self, group: list[Waiting]) -> bool:
        """Run a group under one commit. False when nothing was kept: each must run alone."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in group:
                self._run_member(waiting)
                if not self._connection.in_transaction:
                    return False
            await self._in_thread(self._connection.execute, "COMMIT")
        except apsw.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return False
        return True

    def _run_alone(self, group: list[Waiting]) -> None:
        """Run members that have no outcome yet, each in a transaction of its own, patiently."""
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        for waiting in group:
            if waiting.error is None:
                with waiting:
                    self._commit_alone(waiting)
        self._connection.set_busy_timeout(0)

    def _commit_alone(self, waiting: Waiting) -> None:
        run = self._connection.execute
        try:
            run("BEGIN IMMEDIATE")
            self._run_member(waiting)
            if self._connection.in_transaction:
                run("COMMIT")
            elif waiting.error is None:
                detail = "The transaction was rolled back; nothing was done"
                raise StorageFullError(detail)
        finally:
            if self._connection.in_transaction:
                run("ROLLBACK")

    def _run_member(self, waiting: Waiting) -> None:
        """Run one member in its savepoint and note its outcome."""
        run = self._connection.execute
        run("SAVEPOINT member")
        with waiting:
            waiting.result = drive(waiting.start(SQLiteTx(self._connection, self._clock())))
        if waiting.error is not None:
            if not self._connection.in_transaction:
                return
            run("ROLLBACK TO member")
        run("RELEASE member")
