"""What nobody is in a hurry about shares the commit of something else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cordboard.runtime.db.sqlite import open_connection
from cordboard.runtime.db.sqlite_writer import (
    LARGEST_GROUP,
    MOST_PATIENT,
    PATIENCE_S,
    SQLiteWriter,
)
from cordboard.runtime.errors import DatabaseUnavailableError
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_copy
from tests.support.notes import insert_note

FOR_EVER_S = 3600.0


class Writer:
    """A writer whose commits are counted."""

    def __init__(self, path: Path, clock: SettableClock, patience_s: float) -> None:
        self.connection = open_connection(path, 2000)
        self.commits = 0
        self.connection.set_commit_hook(self._count)
        self.writer = SQLiteWriter(self.connection, clock, patience_s)

    def _count(self) -> bool:
        self.commits += 1
        return False

    def patient(self, name: str) -> asyncio.Future[Any]:
        return self.writer.submit(lambda tx: insert_note(tx, name), is_long=False, is_patient=True)

    def prompt(self, name: str, *, is_long: bool = False) -> asyncio.Future[Any]:
        return self.writer.submit(lambda tx: insert_note(tx, name), is_long=is_long)


@pytest.fixture
async def writer_of(
    sqlite_template: Path, tmp_path: Path, clock: SettableClock
) -> AsyncIterator[Callable[[float], Writer]]:
    sqlite_copy(sqlite_template, tmp_path)
    path = tmp_path / "cordboard.db"
    made: list[Writer] = []

    def writer(patience_s: float) -> Writer:
        made.append(Writer(path, clock, patience_s))
        return made[-1]

    yield writer
    for each in made:
        await each.writer.close()


async def turns() -> None:
    """Let the event loop do what it can do at once, and a disk do its part."""
    for _ in range(20):
        await asyncio.sleep(0.005)


async def test_a_patient_write_is_done_although_no_other_comes(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(PATIENCE_S)
    assert await writer.patient("a") == "a"
    assert await writer.patient("b") == "b"


async def test_patient_writes_wait_for_one_that_does_not_and_share_its_commit(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    patient = [writer.patient("a"), writer.patient("b")]
    await turns()
    assert (writer.commits, [each.done() for each in patient]) == (0, [False, False])
    assert await writer.prompt("c") == "c"
    assert await asyncio.gather(*patient) == ["a", "b"]
    assert writer.commits == 1


async def test_after_a_commit_patient_writes_wait_again(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    await writer.prompt("a")
    late = writer.patient("b")
    await turns()
    assert not late.done()
    await asyncio.gather(writer.prompt("c", is_long=True), late)
    assert writer.commits == 3


async def test_a_patient_write_does_not_hold_up_those_behind_a_long_one(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    names = await asyncio.gather(
        writer.patient("a"), writer.prompt("b", is_long=True), writer.patient("c")
    )
    assert list(names) == ["a", "b", "c"]


async def test_closing_finishes_patient_writes_and_takes_no_more(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    waiting = writer.patient("a")
    await writer.writer.close()
    assert waiting.result() == "a"
    with pytest.raises(DatabaseUnavailableError):
        await writer.patient("b")


async def test_a_patient_write_that_fails_costs_the_prompt_one_nothing(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)

    async def refused(tx: object) -> None:
        raise LookupError(str(tx))

    failing = writer.writer.submit(refused, is_long=False, is_patient=True)
    assert await writer.prompt("a") == "a"
    with pytest.raises(LookupError):
        await failing


async def test_whoever_hurries_waits_for_a_few_patient_ones_and_the_others_follow(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    patient = [writer.patient(str(place)) for place in range(2 * MOST_PATIENT + 1)]
    assert await writer.prompt("a") == "a"
    assert writer.commits == 1
    assert not any(each.done() for each in patient[MOST_PATIENT:])
    await asyncio.gather(*patient)
    assert writer.commits == 3


async def test_whoever_hurries_has_gone_on_before_patient_ones_are_told(
    writer_of: Callable[[float], Writer],
) -> None:
    writer, order = writer_of(FOR_EVER_S), list[str]()

    async def note(name: str) -> None:
        order.append(name)

    async def goes_on(writing: asyncio.Future[Any]) -> None:
        order.append(await writing)
        await asyncio.create_task(note("what follows"))

    patient = writer.patient("patient")
    patient.add_done_callback(lambda told: order.append(told.result()))
    await asyncio.gather(goes_on(writer.prompt("prompt")), patient)
    assert order == ["prompt", "what follows", "patient"]


async def test_many_who_hurry_do_not_keep_a_patient_one_from_its_turn(
    writer_of: Callable[[float], Writer],
) -> None:
    writer = writer_of(FOR_EVER_S)
    patient = writer.patient("patient")
    prompt = [writer.prompt(str(place)) for place in range(10 * LARGEST_GROUP)]
    assert await patient == "patient"
    assert not prompt[-1].done()
    await asyncio.gather(*prompt)
