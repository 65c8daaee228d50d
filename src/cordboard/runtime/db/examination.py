"""What can be wrong with a database although it opens, as ``cordboard doctor`` shows it."""

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import apsw
import asyncpg
import msgspec

from cordboard.runtime.clock import system_clock
from cordboard.runtime.db.opening import sqlite_path
from cordboard.runtime.db.postgres_errors import FAILURES
from cordboard.runtime.db.seam import ReadTx, WriteTx
from cordboard.runtime.db.sqlite import open_connection

CACHE_KIB = 2_000
LEAST_FREE_BYTES = 64 * 1024 * 1024
LITTLE_FREE_BYTES = 1024 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
SYNCHRONOUS_FULL = 2
APART_MS = 5_000

SERVER_TIME = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"

NEWEST_TIME = """
    SELECT COALESCE(MAX(at_ms), 0) FROM (
      SELECT MAX(created_ms) AS at_ms FROM organization
      UNION ALL SELECT MAX(last_used_ms) FROM api_key
      UNION ALL SELECT MAX(at_ms) FROM outbox
        WHERE sequence = (SELECT MAX(sequence) FROM outbox)) AS newest"""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, and what is to be said about it.

    Attributes:
        check: The name of what was looked at.
        level: How bad it is.
        text: What is so, and what to do about it if it is not as it should be.
    """

    check: str
    level: Level
    text: str


async def write_probe(tx: WriteTx) -> None:
    """Change a row into what it is: the way to the disk is that of every write."""
    await tx.execute("UPDATE installation SET value = value")


async def get_newest_time(tx: ReadTx) -> int:
    """Return the latest instant that the database knows of, in epoch milliseconds."""
    row = await tx.fetch_one(NEWEST_TIME)
    newest: int = 0 if row is None else row[0]
    return newest


async def examine(url: str) -> list[Finding]:
    """Look at an existing, migrated database with the means of its own engine.

    Raises:
        StartError: It cannot be opened.
    """
    path = sqlite_path(url)
    return await _postgres(url) if path is None else list(_sqlite(path))


def _sqlite(path: Path) -> Iterator[Finding]:
    connection = open_connection(path, CACHE_KIB)
    try:
        is_full = connection.pragma("synchronous") == SYNCHRONOUS_FULL
        engine = f"SQLite {apsw.sqlite_lib_version()}, write-ahead log"
        yield Finding(
            "durability",
            Level.OK if is_full else Level.BROKEN,
            f"{engine}, {'' if is_full else 'not '}synchronous: what is answered is on disk",
        )
        yield _integrity(connection)
    finally:
        connection.close()
    yield free_space(path.parent)


def _integrity(connection: apsw.Connection) -> Finding:
    try:
        problems = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except apsw.Error as error:
        problems = [str(error)]
    if problems == ["ok"]:
        return Finding("integrity", Level.OK, "the file is whole (quick_check)")
    text = f"the file is damaged; restore a backup, and keep this one: {'; '.join(problems)}"
    return Finding("integrity", Level.BROKEN, text)


def free_space(folder: Path) -> Finding:
    """Return how much room the disk under a folder has."""
    free = shutil.disk_usage(folder).free
    text = f"{free // 1024**2:,} MiB free under {folder}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", Level.BROKEN, f"{text}; make room, or writes will be refused")
    if free < LITTLE_FREE_BYTES:
        return Finding("disk", Level.WARNING, f"{text}; make room in time")
    return Finding("disk", Level.OK, text)


async def _postgres(url: str) -> list[Finding]:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
        try:
            settings = {
                name: str(await connection.fetchval(f"SHOW {name}"))
                for name in ("server_version", "synchronous_commit", "fsync", "server_encoding")
            }
            apart_ms = int(await connection.fetchval(SERVER_TIME)) - system_clock()
        finally:
            await connection.close()
    except FAILURES as error:
        return [Finding("engine", Level.BROKEN, f"PostgreSQL does not answer: {error}")]
    return [_durability(settings), _encoding(settings), *_agreement(apart_ms)]


def _durability(settings: dict[str, str]) -> Finding:
    engine = f"PostgreSQL {settings['server_version']}"
    off = [name for name in ("fsync", "synchronous_commit") if settings[name] == "off"]
    if off:
        text = f"{engine}: {' and '.join(off)} off; a crash loses what was answered: turn it on"
        return Finding("durability", Level.BROKEN, text)
    return Finding("durability", Level.OK, f"{engine}, synchronous: what is answered is on disk")


def _agreement(apart_ms: int) -> list[Finding]:
    if abs(apart_ms) < APART_MS:
        return []
    text = f"PostgreSQL's clock is {apart_ms / 1000:+.0f} s from this one; set both (NTP)"
    return [Finding("clock", Level.WARNING, text)]


def _encoding(settings: dict[str, str]) -> Finding:
    encoding = settings["server_encoding"]
    if encoding == "UTF8":
        return Finding("encoding", Level.OK, "UTF8")
    text = f"{encoding} cannot hold every name; make the database anew with encoding UTF8"
    return Finding("encoding", Level.BROKEN, text)
