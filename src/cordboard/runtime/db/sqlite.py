"""The database as one SQLite file: a writer thread, an inline reader, a reader thread for scans."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.seam import ReadTx, WriteTx
from cordboard.runtime.db.sqlite_errors import translated
from cordboard.runtime.db.sqlite_tx import SQLiteTx, drive
from cordboard.runtime.db.sqlite_writer import SQLiteWriter
from cordboard.runtime.errors import StartError
from cordboard.runtime.telemetry.metrics import DATABASE_WAL_BYTES

P = ParamSpec("P")
T = TypeVar("T")

OLDEST_SAFE_ENGINE = (3, 51, 3)
BUSY_TIMEOUT_MS = 5000
LOOP_BUSY_TIMEOUT_MS = 250
WRITER_CACHE_KIB = 24_000
READER_CACHE_KIB = 12_000


class SQLiteDatabase:
    """A :class:`cordboard.runtime.db.Database` on one SQLite file in WAL mode.

    Writes are durable when acknowledged (``synchronous=FULL``). Several processes may use one
    file: they take turns, waiting up to 5 seconds for each other.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open an existing, migrated file.

        Raises:
            StartError: The file cannot be opened, or is no database.
        """
        self._clock = clock
        self._writer = SQLiteWriter(open_connection(path, WRITER_CACHE_KIB), clock)
        self._inline = _open_reader(path, LOOP_BUSY_TIMEOUT_MS)
        self._scanning = _open_reader(path, BUSY_TIMEOUT_MS)
        self._scanner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-scan")
        DATABASE_WAL_BYTES.set_function(lambda: _size(path.with_name(f"{path.name}-wal")))

    async def read(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a short read at once, on the event loop's own connection."""
        return _read(self._inline, self._clock, lambda tx: fn(tx, *args, **kwargs))

    async def scan(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a long read in the reader thread."""

        def job() -> T:
            return _read(self._scanning, self._clock, lambda tx: fn(tx, *args, **kwargs))

        return await asyncio.get_running_loop().run_in_executor(self._scanner, job)

    async def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one transaction, together with whatever else waits."""

        def start(tx: SQLiteTx) -> Coroutine[Any, Any, T]:
            return cast("Coroutine[Any, Any, T]", fn(tx, *args, **kwargs))

        result: T = await self._writer.submit(start)
        return result

    async def write_long(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one transaction in the writer's thread, alone."""

        def start(tx: SQLiteTx) -> Coroutine[Any, Any, T]:
            return cast("Coroutine[Any, Any, T]", fn(tx, *args, **kwargs))

        result: T = await self._writer.submit(start, is_long=True)
        return result

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        await self._writer.close()
        self._scanner.shutdown(wait=True)
        self._inline.close()
        self._scanning.close()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _read(connection: apsw.Connection, clock: Clock, fn: Callable[[ReadTx], Awaitable[T]]) -> T:
    """Run a read in a snapshot of its own, so that several statements see the same state."""
    try:
        connection.execute("BEGIN")
        try:
            return drive(cast("Coroutine[Any, Any, T]", fn(SQLiteTx(connection, clock()))))
        finally:
            connection.execute("COMMIT")
    except apsw.Error as error:
        raise translated(error) from error


def open_connection(path: Path, cache_kib: int) -> apsw.Connection:
    """Open a database file, in WAL mode and fully synchronous.

    Raises:
        StartError: The engine is too old, the file cannot be opened, or is no database.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST_SAFE_ENGINE:
        message = f"SQLite {apsw.sqlite_lib_version()} can corrupt a WAL database; 3.51.3 is needed"
        raise StartError(message)
    try:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    except apsw.NotADBError as error:
        message = f"{path} is not a SQLite database; move it away or name another file"
        raise StartError(message) from error
    except apsw.Error as error:
        message = f"cannot open the database {path}: {error}; check that it exists and is writable"
        raise StartError(message) from error
    return connection


def _open_reader(path: Path, busy_timeout_ms: int) -> apsw.Connection:
    connection = open_connection(path, READER_CACHE_KIB)
    connection.set_busy_timeout(busy_timeout_ms)
    connection.execute("PRAGMA query_only = ON")
    return connection
