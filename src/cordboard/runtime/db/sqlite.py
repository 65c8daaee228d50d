"""The database as one SQLite file: a writer, an inline reader, a reader thread for scans."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from cordboard.runtime.clock import Clock
from cordboard.runtime.db.seam import Database, ReadFunction, WriteFunction, WriteInReadError
from cordboard.runtime.db.sqlite_errors import translated
from cordboard.runtime.db.sqlite_tx import ScanTx, SQLiteTx, drive
from cordboard.runtime.db.sqlite_writer import BUSY_TIMEOUT_MS, SQLiteWriter
from cordboard.runtime.errors import DatabaseUnavailableError, StartError
from cordboard.runtime.telemetry.metrics import DATABASE_WAL_BYTES

T = TypeVar("T")

OLDEST_SAFE_ENGINE = (3, 51, 3)
LOOP_BUSY_TIMEOUT_MS = 250
LONGEST_SCAN_QUEUE = 256
WRITER_CACHE_KIB = 24_000
READER_CACHE_KIB = 12_000


class SQLiteDatabase(Database):
    """One SQLite file in WAL mode.

    Writes are durable when acknowledged (``synchronous=FULL``). Several processes may use one
    file: they take turns, waiting up to 5 seconds for each other.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open an existing, migrated file.

        Raises:
            StartError: The file cannot be opened, or is no database.
        """
        super().__init__()
        self._clock = clock
        self._writer = SQLiteWriter(open_connection(path, WRITER_CACHE_KIB), clock)
        self._inline = _open_reader(path, LOOP_BUSY_TIMEOUT_MS)
        self._scanning = _open_reader(path, BUSY_TIMEOUT_MS)
        self._scanner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-scan")
        DATABASE_WAL_BYTES.set_function(lambda: _size(path.with_name(f"{path.name}-wal")))
        self._scans_waiting = 0
        self._is_closed = False

    async def _read(self, start: ReadFunction[T], *, is_long: bool) -> T:
        """Run a short read at once on the event loop's own connection, a long one in the thread."""
        if is_long:
            return await self._scan(lambda: self._read_from(self._scanning, start, ScanTx))
        return self._read_from(self._inline, start, SQLiteTx)

    async def _write(
        self, start: WriteFunction[T], *, is_long: bool = False, is_patient: bool = False
    ) -> T:
        """Run a short transaction together with whatever else waits, a long one in the thread."""
        result: T = await self._writer.submit(start, is_long=is_long, is_patient=is_patient)
        return result

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        if not self._is_closed:
            self._is_closed = True
            await self._writer.close()
            await asyncio.get_running_loop().run_in_executor(self._scanner, self._scanning.close)
            self._scanner.shutdown()
            self._inline.close()

    async def _scan(self, job: Callable[[], T]) -> T:
        if self._is_closed or self._scans_waiting >= LONGEST_SCAN_QUEUE:
            detail = (
                "The database is closed" if self._is_closed else "Too many searches are waiting"
            )
            raise DatabaseUnavailableError(detail)
        self._scans_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._scanner, job)
        finally:
            self._scans_waiting -= 1

    def _read_from(
        self, connection: apsw.Connection, start: ReadFunction[T], kind: type[SQLiteTx]
    ) -> T:
        """Run a read in a snapshot of its own, so that several statements see the same state."""
        try:
            connection.execute("BEGIN")
            try:
                return drive(start, kind(connection, self._clock()))
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
        except apsw.ReadOnlyError as error:
            raise WriteInReadError(str(error)) from error
        except apsw.Error as error:
            raise translated(error)  # noqa: B904 - it carries its cause


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def open_connection(path: Path, cache_kib: int, *, create: bool = False) -> apsw.Connection:
    """Open a database file, in WAL mode and fully synchronous.

    Raises:
        StartError: The engine is too old; the file is missing (unless ``create``), read-only or no
            database; or its disk cannot hold a database that several connections share.
    """
    check_engine(apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    try:
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        mode = connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.pragma("foreign_keys", True)  # noqa: FBT003 - the pragma's own value
        connection.pragma("cache_size", -cache_kib)
        # Else SQLite looks for statistics of the values when it plans, of which there are none, and
        # so plans whatever is more than a look-up of one key in one table anew for every run.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # Each savepoint of a group keeps a journal of its own, which else goes through a file.
        connection.pragma("temp_store", "MEMORY")
    except apsw.NotADBError as error:
        message = f"{path} is not a SQLite database; move it away or name another file"
        raise StartError(message) from error
    except apsw.Error as error:
        message = f"cannot open the database {path}: {error}; check that it exists and is writable"
        raise StartError(message) from error
    if connection.readonly("main"):
        raise StartError(f"the database {path} is read-only; make it and its folder writable")
    if mode != "wal":
        raise StartError(f"the file system of {path} cannot hold a SQLite database in WAL mode")
    return connection


def check_engine(version: str) -> None:
    """Refuse a SQLite that can corrupt a database in WAL mode (docs/adr/0001).

    Raises:
        StartError: It is older than 3.51.3.
    """
    if tuple(int(part) for part in version.split(".")) < OLDEST_SAFE_ENGINE:
        raise StartError(f"SQLite {version} can corrupt a WAL database; 3.51.3 is needed")


def _open_reader(path: Path, busy_timeout_ms: int) -> apsw.Connection:
    connection = open_connection(path, READER_CACHE_KIB)
    connection.set_busy_timeout(busy_timeout_ms)
    connection.pragma("query_only", True)  # noqa: FBT003 - the pragma's own value
    return connection
