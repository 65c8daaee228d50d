"""The SQLite writer: shared commits, groups that fail, and who has to wait for whom."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from cordboard.runtime.db import ReadTx, UniqueViolationError, WriteTx, open_database
from cordboard.runtime.db.seam import ForeignAwaitError
from cordboard.runtime.db.sqlite import LONGEST_SCAN_QUEUE, SQLiteDatabase, open_connection
from cordboard.runtime.db.sqlite_writer import LARGEST_GROUP, LONGEST_QUEUE, SQLiteWriter
from cordboard.runtime.errors import DatabaseUnavailableError, StorageFullError
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_copy, sqlite_url
from tests.support.notes import find_note, insert_note, list_notes, notes_in

Write = Coroutine[Any, Any, Any]

PATIENCE_S = 15
"""A thread of a test that has failed must end all the same."""


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    sqlite_copy(sqlite_template, tmp_path)
    return tmp_path / "cordboard.db"


@pytest.fixture
async def db(path: Path, clock: SettableClock) -> AsyncIterator[SQLiteDatabase]:
    database = await open_database(sqlite_url(path), create=False, clock=clock)
    assert isinstance(database, SQLiteDatabase)
    yield database
    await database.close()


class SmallDatabase:
    """A writer whose database may grow by so many pages: what a full disk is to SQLite itself."""

    def __init__(self, path: Path, clock: SettableClock) -> None:
        self.connection = open_connection(path, 2000)
        self._reader = open_connection(path, 2000)
        self.writer = SQLiteWriter(self.connection, clock)

    def limit(self, spare_pages: int) -> None:
        self.connection.pragma("max_page_count", self.connection.pragma("page_count") + spare_pages)

    async def write(self, fn: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - what fn returns
        return await self.writer.submit(lambda tx: fn(tx, *args), is_long=False)

    def notes(self) -> list[str]:
        rows = self._reader.execute("SELECT name FROM installation ORDER BY name")
        return [name for (name,) in rows]

    async def close(self) -> None:
        await self.writer.close()
        self._reader.close()


@pytest.fixture
async def small(path: Path, clock: SettableClock) -> AsyncIterator[SmallDatabase]:
    database = SmallDatabase(path, clock)
    yield database
    await database.close()


async def outcomes_of(*writes: Write) -> list[Any]:
    """Ask for all at once, so that they stand in one group, and return how each ended."""
    return await asyncio.gather(*writes, return_exceptions=True)


HUGE = "x" * 200_000


async def test_a_group_that_sqlite_rolls_back_costs_only_the_write_that_did_not_fit(
    small: SmallDatabase,
) -> None:
    small.limit(20)
    outcomes = await outcomes_of(
        small.write(insert_note, "a"),
        small.write(insert_note, "too big", HUGE),
        small.write(insert_note, "b"),
        small.write(insert_note, "too big as well", HUGE),
        small.write(insert_note, "a"),
    )
    assert outcomes[0::2][:2] == ["a", "b"]
    assert isinstance(outcomes[1], StorageFullError)
    assert isinstance(outcomes[3], StorageFullError)
    assert isinstance(outcomes[4], UniqueViolationError)
    assert small.notes() == ["a", "b"]


async def test_the_writer_goes_on_when_there_is_room_again(small: SmallDatabase) -> None:
    small.limit(0)
    assert isinstance((await outcomes_of(small.write(insert_note, "a", HUGE)))[0], StorageFullError)
    small.limit(1000)
    assert await small.write(insert_note, "a", HUGE) == "a"
    assert small.notes() == ["a"]


async def test_a_refusal_that_rests_on_what_was_rolled_back_is_not_given(
    small: SmallDatabase,
) -> None:
    small.limit(20)
    runs = []

    async def insert_at_first_only(tx: WriteTx) -> None:
        runs.append("run")
        if len(runs) > 1:
            raise LookupError
        await insert_note(tx, "a", "first")

    outcomes = await outcomes_of(
        small.write(insert_at_first_only),
        small.write(insert_note, "a", "second"),
        small.write(insert_note, "too big", HUGE),
    )
    assert len(runs) == 2
    assert isinstance(outcomes[0], LookupError)
    assert outcomes[1] == "a"
    assert small.notes() == ["a"]


async def test_a_function_that_is_run_again_sees_nothing_of_its_first_run(
    small: SmallDatabase,
) -> None:
    small.limit(20)
    seen: list[list[str]] = []

    async def look_and_insert(tx: WriteTx) -> None:
        seen.append(await list_notes(tx))
        await insert_note(tx, "a")

    await outcomes_of(
        small.write(insert_note, "before"),
        small.write(look_and_insert),
        small.write(insert_note, "too big", HUGE),
    )
    assert seen == [["before"], ["before"]]
    assert small.notes() == ["a", "before"]


async def test_a_function_that_ends_the_group_s_transaction_gets_an_error(
    db: SQLiteDatabase,
) -> None:
    async def roll_back(tx: WriteTx) -> str:
        await tx.execute("ROLLBACK")
        return "done"

    outcomes = await outcomes_of(
        db.write(insert_note, "a"), db.write(roll_back), db.write(insert_note, "b")
    )
    assert outcomes[0::2] == ["a", "b"]
    assert isinstance(outcomes[1], apsw.SQLError)
    assert await notes_in(db) == ["a", "b"]


async def test_a_foreign_await_is_an_error_of_its_function_alone(db: SQLiteDatabase) -> None:
    async def insert_and_sleep(tx: WriteTx) -> None:
        await insert_note(tx, "slept")
        await asyncio.sleep(0)

    outcomes = await outcomes_of(
        db.write(insert_note, "a"),
        db.write(insert_and_sleep),
        db.write_long(insert_and_sleep),
        db.write(insert_note, "b"),
    )
    assert [type(outcome) for outcome in outcomes[1:3]] == [ForeignAwaitError] * 2
    assert await notes_in(db) == ["a", "b"]


@pytest.mark.parametrize("way", ["read", "scan"])
async def test_a_foreign_await_of_a_read_is_an_error(db: SQLiteDatabase, way: str) -> None:
    async def look_and_sleep(tx: ReadTx) -> None:
        await list_notes(tx)
        await asyncio.sleep(0)

    with pytest.raises(ForeignAwaitError):
        await getattr(db, way)(look_and_sleep)
    assert await getattr(db, way)(list_notes) == []


async def test_far_more_writes_than_a_group_holds_are_all_done(db: SQLiteDatabase) -> None:
    names = [f"{number:04}" for number in range(LARGEST_GROUP * 20 + 1)]
    assert await asyncio.gather(*(db.write(insert_note, name) for name in names)) == names
    assert await notes_in(db) == names


async def test_long_and_short_writes_run_in_the_order_they_were_asked_for_the_long_off_the_loop(
    db: SQLiteDatabase,
) -> None:
    order = []

    async def note_turn(tx: WriteTx, turn: int) -> None:
        order.append((turn, threading.current_thread() is threading.main_thread()))

    asked = [db.write_long if turn % 3 == 0 else db.write for turn in range(30)]
    await asyncio.gather(*(ask(note_turn, turn) for turn, ask in enumerate(asked)))
    assert order == [(turn, turn % 3 != 0) for turn in range(30)]


class Hold:
    """A long write that lasts until it is told to end."""

    def __init__(self, db: SQLiteDatabase) -> None:
        self._begun = asyncio.Event()
        self._may_end = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.task = asyncio.create_task(db.write_long(self._last))

    async def _last(self, tx: WriteTx) -> None:
        await insert_note(tx, "long")
        self._loop.call_soon_threadsafe(self._begun.set)
        self._may_end.wait(PATIENCE_S)

    async def begun(self) -> "Hold":
        await self._begun.wait()
        return self

    async def end(self) -> None:
        self._may_end.set()
        await self.task


async def test_while_a_long_write_runs_reads_and_scans_are_answered(db: SQLiteDatabase) -> None:
    hold = await Hold(db).begun()
    short = asyncio.create_task(db.write(insert_note, "short"))
    assert await notes_in(db) == []
    assert await db.scan(list_notes) == []
    assert not short.done()
    await hold.end()
    await short
    assert await notes_in(db) == ["long", "short"]


async def test_when_too_many_writes_wait_the_next_is_refused_and_the_others_are_done(
    db: SQLiteDatabase,
) -> None:
    hold = await Hold(db).begun()
    waiting = [
        asyncio.create_task(db.write(insert_note, f"{number:04}"))
        for number in range(LONGEST_QUEUE)
    ]
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailableError, match="Too many writes"):
        await db.write(insert_note, "one too many")
    await hold.end()
    await asyncio.gather(*waiting)
    assert len(await notes_in(db)) == LONGEST_QUEUE + 1


async def test_when_too_many_scans_wait_the_next_is_refused_and_the_others_are_answered(
    db: SQLiteDatabase,
) -> None:
    may_end = threading.Event()

    async def wait(tx: ReadTx) -> None:
        may_end.wait(PATIENCE_S)

    scans = [asyncio.create_task(db.scan(wait)) for _ in range(LONGEST_SCAN_QUEUE)]
    await asyncio.sleep(0)
    one_too_many = asyncio.create_task(db.scan(list_notes))
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(DatabaseUnavailableError, match="Too many searches"):
        await one_too_many
    await asyncio.gather(*scans)
    assert await db.scan(list_notes) == []


async def test_a_write_that_is_cancelled_before_its_turn_is_not_run(db: SQLiteDatabase) -> None:
    hold = await Hold(db).begun()
    gone = asyncio.create_task(db.write(insert_note, "gone"))
    stays = asyncio.create_task(db.write(insert_note, "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    await hold.end()
    await stays
    assert gone.cancelled()
    assert await notes_in(db) == ["long", "stays"]


async def test_a_write_that_is_cancelled_in_its_turn_is_done_all_the_same(
    db: SQLiteDatabase,
) -> None:
    hold = await Hold(db).begun()
    hold.task.cancel()
    await asyncio.wait([hold.task])
    hold._may_end.set()  # noqa: SLF001 - its task is gone, so end() has nothing to wait for
    await db.write(insert_note, "next")
    assert await notes_in(db) == ["long", "next"]


async def test_closing_finishes_the_long_write_that_runs_and_those_behind_it(
    db: SQLiteDatabase, path: Path
) -> None:
    hold = await Hold(db).begun()
    behind = asyncio.create_task(db.write(insert_note, "behind"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(db.close())
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailableError):
        await db.write(insert_note, "too late")
    await hold.end()
    await asyncio.gather(behind, closing)
    other = await open_database(sqlite_url(path), create=False)
    assert await notes_in(other) == ["behind", "long"]
    await other.close()


class OtherProcess:
    """A connection that holds the write lock; SQLite treats it as it would a process of its own."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))

    def take_lock(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def give_lock(self) -> None:
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def other(db: SQLiteDatabase, path: Path) -> Iterator[OtherProcess]:
    process = OtherProcess(path)
    yield process
    process.close()


async def test_writes_wait_for_another_process_while_reads_are_answered(
    db: SQLiteDatabase, other: OtherProcess
) -> None:
    other.take_lock()
    writes = [asyncio.create_task(db.write(insert_note, name)) for name in "abc"]
    for _ in range(20):
        assert await notes_in(db) == []
        await asyncio.sleep(0.005)
    assert not any(write.done() for write in writes)
    other.give_lock()
    assert await asyncio.gather(*writes) == ["a", "b", "c"]
    assert await notes_in(db) == ["a", "b", "c"]


async def test_writes_are_refused_all_at_once_when_another_process_does_not_let_go(
    db: SQLiteDatabase, other: OtherProcess
) -> None:
    other.take_lock()
    refused = await outcomes_of(
        *(db.write(insert_note, name) for name in "abcdef"), db.write_long(insert_note, "long")
    )
    assert [type(outcome) for outcome in refused] == [DatabaseUnavailableError] * 7
    assert {outcome.retry_after_s for outcome in refused} == {1}
    other.give_lock()
    assert await db.write(insert_note, "a") == "a"
    assert await notes_in(db) == ["a"]


async def test_a_read_in_the_writer_s_turn_does_not_see_what_is_not_committed(
    db: SQLiteDatabase,
) -> None:
    hold = await Hold(db).begun()
    assert await db.read(find_note, "long") is None
    await hold.end()
    assert await db.read(find_note, "long") == ""
