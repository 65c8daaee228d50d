"""The one SQLite writer: waiting transactions share a commit, so they share its fsync.

Each runs in a savepoint of its own under one ``BEGIN IMMEDIATE … COMMIT``. Nothing is
acknowledged before the COMMIT returned. When SQLite itself rolls the outer transaction back (a
full disk does, https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction),
the failing function gets its error and the others run again, each alone.

Statements of short transactions take microseconds and run on the event loop's thread; what waits
for a disk or for another process (COMMIT, a busy BEGIN) and what is long runs in the writer's
thread. Running every statement there was measured at 0.65 times the throughput (docs/adr/0003):
each call into SQLite gives the interpreter lock away and has to win it back from a busy loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.outcome import Outcome
from cordboard.runtime.db.seam import WriteFunction
from cordboard.runtime.db.sqlite_errors import translated, unknown_outcome
from cordboard.runtime.db.sqlite_tx import SQLiteTx, drive
from cordboard.runtime.db.writer_thread import WriterThread
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    DomainError,
    IndeterminateWriteError,
)
from cordboard.runtime.telemetry.metrics import DATABASE_GROUP_SIZE, DATABASE_QUEUE_DEPTH

LARGEST_GROUP = 64
MOST_PATIENT = 16
"""How many patient transactions go with a group: whoever hurries waits for all that are in it."""

LONGEST_QUEUE = 4096
BUSY_TIMEOUT_MS = 5000
PATIENCE_S = 0.005
"""How long a patient transaction waits for others to share its commit."""


class PendingWrite(Outcome):
    """A transaction function that waits for the writer.

    It may run more than once: what came of a run that was rolled back, with everything it saw, is
    forgotten. Its outcome counts once the commit has returned.
    """

    __slots__ = ("is_long", "is_patient", "start")

    def __init__(
        self,
        start: WriteFunction[Any],
        future: asyncio.Future[Any],
        *,
        is_long: bool,
        is_patient: bool,
    ) -> None:
        """Queue ``start``."""
        super().__init__(future)
        self.start = start
        self.is_long = is_long
        self.is_patient = is_patient

    def run(self, tx: SQLiteTx) -> None:
        """Run the function and note its outcome."""
        with self:
            self.result = drive(self.start, tx)

    def understood(self, error: BaseException) -> BaseException:
        """Return the seam's error for one of SQLite's."""
        return translated(error)


class SQLiteWriter:
    """The owner of the only writing connection."""

    def __init__(
        self, connection: apsw.Connection, clock: Clock, patience_s: float = PATIENCE_S
    ) -> None:
        """Take over ``connection``; it is closed with :meth:`close`."""
        connection.set_busy_timeout(0)
        self._connection = connection
        self._clock = clock
        self._queue: deque[PendingWrite] = deque()
        self._patient: deque[PendingWrite] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._is_closed = False
        self._patience_s = patience_s
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._thread = WriterThread()

    def submit(
        self, start: WriteFunction[Any], *, is_long: bool, is_patient: bool = False
    ) -> asyncio.Future[Any]:
        """Queue a transaction; the future resolves when it is on disk or refused.

        A future that is cancelled before its transaction began takes it out of the queue.

        Args:
            start: The transaction function.
            is_long: Whether it runs in the thread, in a transaction of its own.
            is_patient: Whether it may wait a moment for others, to share their commit.

        Raises:
            DatabaseUnavailableError: The queue is full or the database is closed.
        """
        if self._is_closed or self._depth() >= LONGEST_QUEUE:
            detail = "The database is closed" if self._is_closed else "Too many writes are waiting"
            raise DatabaseUnavailableError(f"{detail}; nothing was done")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        write = PendingWrite(start, future, is_long=is_long, is_patient=is_patient)
        (self._patient if is_patient else self._queue).append(write)
        if not is_patient:
            self._hurry()
        elif self._timer is None and not self._is_due:
            self._timer = loop.call_later(self._patience_s, self._hurry)
        return future

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._is_closed = True
        self._hurry()
        if self._pump is not None:
            await asyncio.wait([self._pump])
        self._thread.close()
        self._connection.close()

    def _depth(self) -> int:
        return len(self._queue) + len(self._patient)

    def _hurry(self) -> None:
        """Let nothing that waits now wait any longer."""
        self._is_due = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Run what is due, group by group, until nothing is."""
        while group := self._next_group():
            DATABASE_QUEUE_DEPTH.set(self._depth())
            DATABASE_GROUP_SIZE.observe(len(group))
            try:
                alone = group if group[0].is_long else await self._run_together(group)
                if alone:
                    await self._in_thread(self._run_alone, alone)
                await _tell(group)
            except BaseException as error:
                self._give_up(group, error)
                raise

    def _give_up(self, group: Sequence[PendingWrite], error: BaseException) -> None:
        """Tell all who wait that the writer failed: a group in its turn, and those behind it.

        The next transaction that is asked for starts it again.
        """
        for write in group:
            lost = IndeterminateWriteError("The database's writer failed: it may have happened")
            _settle_with(write, lost, error)
        for write in (*self._queue, *self._patient):
            refused = DatabaseUnavailableError("The database's writer failed; nothing was done")
            _settle_with(write, refused, error)
        self._queue.clear()
        self._patient.clear()
        self._is_due = False

    def _next_group(self) -> list[PendingWrite]:
        """Take the next long transaction, or as many short ones as stand before it.

        Some of the patient ones go with those, and behind them, once they are due.
        """
        group: list[PendingWrite] = []
        while self._queue and len(group) < LARGEST_GROUP:
            if group and (group[0].is_long or self._queue[0].is_long):
                break
            write = self._queue.popleft()
            if not write.future.done():
                group.append(write)
        if group and group[0].is_long:
            return group
        return group + self._patient_ones() if group or self._is_due else group

    def _patient_ones(self) -> list[PendingWrite]:
        """Take those that have waited longest; all that wait now go before any of later."""
        taken: list[PendingWrite] = []
        while self._patient and len(taken) < MOST_PATIENT:
            write = self._patient.popleft()
            if not write.future.done():
                taken.append(write)
        if not self._patient:
            self._is_due = False
        return taken

    async def _in_thread(self, fn: Callable[..., Any], *args: object) -> None:
        await self._thread.run(partial(fn, *args))

    async def _run_together(self, group: list[PendingWrite]) -> list[PendingWrite]:
        """Run a group under one commit and return those that must run again, each alone."""
        try:
            await self._begin()
        except apsw.Error as error:
            return _refused(group, error)
        if again := self._run_members(group):
            return again
        try:
            await self._in_thread(self._connection.execute, "COMMIT")
        except apsw.Error as error:
            self._roll_back()
            return _not_kept(group, error)
        return []

    def _run_members(self, group: list[PendingWrite]) -> list[PendingWrite]:
        """Run a group's functions; when their transaction is gone, return those to run again.

        An outcome may rest on what an earlier member did, so all of them run again, but for the
        one that brought the transaction down.
        """
        try:
            for write in group:
                self._run_member(write)
                if not self._connection.in_transaction:
                    return [other for other in group if other is not write]
        except apsw.Error:
            self._roll_back()
            return group
        return []

    async def _begin(self) -> None:
        """Begin at once, or wait in the thread for the process that holds the write lock."""
        try:
            self._begin_at_once()
        except apsw.BusyError:
            await self._in_thread(self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        try:
            self._begin_at_once()
        finally:
            self._connection.set_busy_timeout(0)

    def _begin_at_once(self) -> None:
        # A group in whose turn the writer failed has left its transaction open.
        self._roll_back()
        self._connection.execute("BEGIN IMMEDIATE")

    def _run_member(self, write: PendingWrite) -> None:
        """Run one member of a group in its savepoint and note its outcome."""
        run = self._connection.execute
        run("SAVEPOINT member")
        write.run(SQLiteTx(self._connection, self._clock()))
        if write.error is not None:
            if not self._connection.in_transaction:
                return
            run("ROLLBACK TO member")
        run("RELEASE member")

    def _run_alone(self, writes: Sequence[PendingWrite]) -> None:
        """Run each in a transaction of its own; the first that cannot even begin speaks for all."""
        for place, write in enumerate(writes):
            write.forget()
            try:
                self._begin_patiently()
            except apsw.Error as error:
                _refused(writes[place:], error)
                return
            write.run(SQLiteTx(self._connection, self._clock()))
            if write.error is None:
                with write:
                    self._commit_alone()
            self._roll_back()

    def _commit_alone(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise (unknown_outcome(error) or error)  # noqa: B904 - it carries its cause

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


async def _tell(group: Sequence[PendingWrite]) -> None:
    """Hand out the outcomes; who hurries goes on before the patient ones are told."""
    hurrying = [write for write in group if not write.is_patient]
    for write in hurrying:
        write.settle()
    if 0 < len(hurrying) < len(group):
        await asyncio.sleep(0)
    for write in group:
        write.settle()


def _settle_with(write: PendingWrite, failure: DomainError, cause: BaseException) -> None:
    failure.__cause__ = cause
    write.error = failure
    write.settle()


def _refused(writes: Sequence[PendingWrite], error: apsw.Error) -> list[PendingWrite]:
    """Give all of them the error that kept them from beginning; none needs to run again."""
    for write in writes:
        with write:
            raise error
    return []


def _not_kept(group: list[PendingWrite], error: apsw.Error) -> list[PendingWrite]:
    """Return those that may run again after their COMMIT failed.

    When the COMMIT may have happened, what it held may not be done twice.
    """
    if unknown_outcome(error) is None:
        return group
    refused = [write for write in group if write.error is not None]
    for write in group:
        write.error = write.error or unknown_outcome(error)
    return refused
