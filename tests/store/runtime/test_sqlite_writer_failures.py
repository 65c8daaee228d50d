"""A SQLite writer that fails, or whose database does: all who wait are told, and it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cordboard.runtime.db import WriteTx
from cordboard.runtime.db.sqlite import open_connection
from cordboard.runtime.db.sqlite_writer import SQLiteWriter
from cordboard.runtime.errors import DatabaseUnavailableError, IndeterminateWriteError
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_copy
from tests.support.notes import insert_note

PATIENCE_S = 15
"""A write that is never told of must not hold up the test."""


class StoppingClock(SettableClock):
    """A clock that can stop: whoever asks it for the time then gets an error."""

    is_stopped = False

    def __call__(self) -> int:
        if self.is_stopped:
            raise OSError("the clock has stopped")
        return super().__call__()


class Writer:
    """A writer, its connection and its clock."""

    def __init__(self, path: Path) -> None:
        self.clock = StoppingClock()
        self.connection = open_connection(path, 2000)
        self._reader = open_connection(path, 2000)
        self.writer = SQLiteWriter(self.connection, self.clock)

    def write(self, fn: Callable[..., Any], *args: str, is_long: bool = False) -> Any:  # noqa: ANN401 - what fn returns
        return self.writer.submit(lambda tx: fn(tx, *args), is_long=is_long)

    def notes(self) -> list[str]:
        rows = self._reader.execute("SELECT name FROM installation ORDER BY name")
        return [name for (name,) in rows]

    async def close(self) -> None:
        await self.writer.close()
        self._reader.close()


@pytest.fixture
async def writer(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Writer]:
    sqlite_copy(sqlite_template, tmp_path)
    writer = Writer(tmp_path / "cordboard.db")
    yield writer
    await writer.close()


async def outcomes_of(*writes: asyncio.Future[Any]) -> list[Any]:
    async with asyncio.timeout(PATIENCE_S):
        return await asyncio.gather(*writes, return_exceptions=True)


async def test_a_write_that_raises_what_no_future_takes_costs_the_others_nothing(
    writer: Writer,
) -> None:
    def stop(_: WriteTx) -> None:
        raise StopIteration

    outcomes = await outcomes_of(
        writer.write(insert_note, "a"), writer.write(stop), writer.write(insert_note, "b")
    )
    assert outcomes[0::2] == ["a", "b"]
    assert isinstance(outcomes[1], RuntimeError)
    assert writer.notes() == ["a", "b"]


async def test_when_the_writer_itself_fails_all_are_told_and_the_next_starts_it_again(
    writer: Writer,
) -> None:
    writer.clock.is_stopped = True
    outcomes = await outcomes_of(
        writer.write(insert_note, "a"),
        writer.write(insert_note, "b"),
        writer.write(insert_note, "behind", is_long=True),
    )
    kinds = [IndeterminateWriteError, IndeterminateWriteError, DatabaseUnavailableError]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert {type(outcome.__cause__) for outcome in outcomes} == {OSError}
    writer.clock.is_stopped = False
    assert await outcomes_of(writer.write(insert_note, "after")) == ["after"]
    assert writer.notes() == ["after"]


async def test_a_file_that_may_only_be_read_refuses_writes_until_it_may_be_written(
    writer: Writer,
) -> None:
    # What a disk that was mounted anew shows is the same result code.
    writer.connection.pragma("query_only", True)  # noqa: FBT003 - the pragma's own value
    outcomes = await outcomes_of(
        writer.write(insert_note, "a"), writer.write(insert_note, "b", is_long=True)
    )
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailableError] * 2
    writer.connection.pragma("query_only", False)  # noqa: FBT003 - the pragma's own value
    assert await outcomes_of(writer.write(insert_note, "a")) == ["a"]
    assert writer.notes() == ["a"]
