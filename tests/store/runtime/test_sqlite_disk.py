"""SQLite on a disk that fails or is full: what is said of each write is true."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from cordboard.runtime.db import Database, UniqueViolationError, WriteTx, open_database
from cordboard.runtime.errors import (
    DatabaseUnavailableError,
    IndeterminateWriteError,
    StorageFullError,
)
from tests.support.databases import sqlite_copy, sqlite_url
from tests.support.faulty_disk import FaultyDisk, no_space, over_quota, sync_failed
from tests.support.full_disk import FullDisk, full_disk
from tests.support.notes import insert_note, notes_in
from tests.support.raw_sql import run_sql

HUNDRED = [f"{number:02}" for number in range(100)]


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with FaultyDisk() as disk:
        yield disk


@pytest.fixture
async def db(disk: FaultyDisk, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(sqlite_copy(sqlite_template, tmp_path), create=False)
    yield database
    await database.close()


async def test_writes_that_wait_together_share_a_sync(db: Database, disk: FaultyDisk) -> None:
    before = disk.syncs_of_wal
    await asyncio.gather(*(db.write(insert_note, name) for name in HUNDRED))
    assert 1 <= disk.syncs_of_wal - before <= 4


async def test_a_write_is_acknowledged_only_after_a_sync_of_its_own(
    db: Database, disk: FaultyDisk
) -> None:
    for name in HUNDRED[:5]:
        before = disk.syncs_of_wal
        await db.write(insert_note, name)
        assert disk.syncs_of_wal > before


@pytest.mark.parametrize("error", [no_space(), over_quota()])
async def test_a_commit_that_found_no_room_has_done_nothing(
    db: Database, disk: FaultyDisk, error: Exception
) -> None:
    await db.write(insert_note, "before")
    with disk.failing(("write", "wal"), error):
        outcomes = await asyncio.gather(
            db.write(insert_note, "a"),
            db.write(insert_note, "before"),
            db.write_long(insert_note, "b"),
            return_exceptions=True,
        )
    kinds = [StorageFullError, UniqueViolationError, StorageFullError]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert await notes_in(db) == ["before"]
    assert await db.write(insert_note, "after") == "after"
    assert await notes_in(db) == ["after", "before"]


async def test_a_commit_that_could_not_be_synced_is_of_unknown_outcome(
    db: Database, disk: FaultyDisk
) -> None:
    await db.write(insert_note, "before")
    with disk.failing(("sync", "wal"), sync_failed()):
        outcomes = await asyncio.gather(
            db.write(insert_note, "a"),
            db.write(insert_note, "before"),
            db.write_long(insert_note, "b"),
            return_exceptions=True,
        )
    kinds = [IndeterminateWriteError, UniqueViolationError, IndeterminateWriteError]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert await db.write(insert_note, "after") == "after"
    assert await notes_in(db) == ["after", "before"]


@pytest.mark.parametrize("way", ["write", "write_long"])
async def test_a_write_of_unknown_outcome_is_not_run_again(
    db: Database, disk: FaultyDisk, way: str
) -> None:
    runs = []

    async def insert(tx: WriteTx) -> None:
        runs.append("run")
        await insert_note(tx, "a")

    with (
        disk.failing(("sync", "wal"), sync_failed(), times=1),
        pytest.raises(IndeterminateWriteError),
    ):
        await getattr(db, way)(insert)
    assert runs == ["run"]


async def test_what_could_not_be_synced_may_be_there_after_a_power_cut(
    db: Database, disk: FaultyDisk, tmp_path: Path
) -> None:
    await db.write(insert_note, "before")
    with disk.failing(("sync", "wal"), sync_failed()), suppress(IndeterminateWriteError):
        await db.write(insert_note, "from the log")
    assert await notes_in(db) == ["before"]
    # What a restarted machine finds: the files as they are, without the log's index in memory.
    after = tmp_path / "after"
    after.mkdir()
    for name in ("cordboard.db", "cordboard.db-wal"):
        shutil.copy(tmp_path / name, after / name)
    found = run_sql(sqlite_url(after / "cordboard.db"), "SELECT name FROM installation")
    assert found == [("before",), ("from the log",)]


async def test_a_damaged_file_is_an_unavailable_database_and_is_said_to_be_damaged(
    sqlite_template: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path)
    ((page_size,),) = run_sql(url, "PRAGMA page_size")
    pages = run_sql(url, "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'installation'")
    with (tmp_path / "cordboard.db").open("r+b") as file:
        for (page,) in pages:
            file.seek((page - 1) * page_size)
            file.write(b"\xff" * page_size)
    db = await open_database(url, create=False)
    outcomes = await asyncio.gather(
        notes_in(db),
        db.write(insert_note, "a"),
        db.write_long(insert_note, "b"),
        return_exceptions=True,
    )
    await db.close()
    assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailableError}
    assert {str(outcome) for outcome in outcomes} == {
        "The database file is damaged; nothing was done"
    }


@pytest.fixture
def full(tmp_path: Path) -> Iterator[FullDisk]:
    with full_disk(tmp_path / "disk", megabytes=3) as disk:
        yield disk


async def test_on_a_disk_that_is_really_full_nothing_is_half_done_and_room_is_enough(
    full: FullDisk,
) -> None:
    url = sqlite_url(full.folder / "cordboard.db")
    async with AsyncExitStack() as stack:
        db = await open_database(url, create=True)
        stack.push_async_callback(db.close)
        await db.write(insert_note, "0 before")
        full.fill()
        outcomes = await asyncio.gather(
            *(db.write(insert_note, f"1 {number:03}", "x" * 9000) for number in range(200)),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        assert refused
        assert {type(outcome) for outcome in refused} == {StorageFullError}
        kept = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert await notes_in(db) == ["0 before", *kept]
        full.empty()
        assert await db.write(insert_note, "2 after", "x" * 9000) == "2 after"
    assert run_sql(url, "PRAGMA integrity_check") == [("ok",)]
    assert len(run_sql(url, "SELECT name FROM installation")) == len(kept) + 2


async def test_what_sqlite_holds_survives_the_loss_of_its_process(
    db: Database, tmp_path: Path
) -> None:
    """The log is copied while the database is open: nothing that was acknowledged is only in it."""
    await asyncio.gather(*(db.write(insert_note, name) for name in HUNDRED))
    after = tmp_path / "after"
    after.mkdir()
    for name in ("cordboard.db", "cordboard.db-wal"):
        shutil.copy(tmp_path / name, after / name)
    found = run_sql(sqlite_url(after / "cordboard.db"), "SELECT name FROM installation")
    assert sorted(name for (name,) in found) == HUNDRED
