"""A disk that fails when a test says so, under the real SQLite.

It is a VFS (https://www.sqlite.org/vfs.html) over the machine's own: SQLite calls it to write and
sync its files.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import apsw

Call = tuple[str, str]
"""What SQLite does to which file: ("sync", "wal"), ("write", "db")."""


class FaultyDisk(apsw.VFS):
    """While it is open, every new connection of this process is on it.

    Attributes:
        syncs_of_wal: How often the write-ahead log was synced.
    """

    def __init__(self) -> None:
        self.machines_own = apsw.vfs_names()[0]
        super().__init__("faulty", base=self.machines_own, makedefault=True)
        self.syncs_of_wal = 0
        self._failure: Callable[[Call], Exception | None] = lambda _: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unregister()

    @contextmanager
    def failing(self, call: Call, error: Exception, *, times: int = 1_000_000) -> Iterator[None]:
        """Let one kind of call fail, so many times, in a block."""
        left = iter(range(times))
        self._failure = lambda made: (
            error if made == call and next(left, None) is not None else None
        )
        try:
            yield
        finally:
            self._failure = lambda _: None

    def called(self, call: Call) -> None:
        """Count a call, or fail it."""
        if failure := self._failure(call):
            raise failure
        if call == ("sync", "wal"):
            self.syncs_of_wal += 1

    def xOpen(  # noqa: N802 - apsw names it
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__(disk.machines_own, name, flags)
        self._disk = disk
        self._is_wal = bool(flags[0] & apsw.SQLITE_OPEN_WAL)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: ANN401, N802 - apsw signs it so
        self._disk.called(("write", self._kind))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw names it
        self._disk.called(("sync", self._kind))
        super().xSync(flags)

    @property
    def _kind(self) -> str:
        return "wal" if self._is_wal else "db"


def no_space() -> Exception:
    """Return what a VFS says when the disk is full."""
    return apsw.FullError(f"errno {errno.ENOSPC}")


def sync_failed() -> Exception:
    """Return what a VFS says when the disk could not be synced."""
    return _io_error(errno.EIO, apsw.SQLITE_IOERR_FSYNC)


def over_quota() -> Exception:
    """Return what a VFS says when a write was refused for another reason than a full disk."""
    return _io_error(errno.EDQUOT, apsw.SQLITE_IOERR_WRITE)


def _io_error(number: int, result: int) -> Exception:
    error: Any = apsw.IOError(f"errno {number}")
    error.extendedresult = result
    failure: Exception = error
    return failure
