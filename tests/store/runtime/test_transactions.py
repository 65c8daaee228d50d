"""What a transaction promises, on SQLite and on PostgreSQL alike."""

import asyncio
from collections.abc import Callable

import apsw
import asyncpg
import pytest

from cordboard.runtime.db import Database, ReadTx, UniqueViolationError, WriteTx
from cordboard.runtime.db.seam import TransactionOverError, WriteInReadError
from cordboard.runtime.errors import DatabaseUnavailableError
from tests.support.builders import a_name
from tests.support.clock import START_MS, SettableClock
from tests.support.notes import (
    INSERT,
    UPDATE,
    find_note,
    insert_note,
    list_notes,
    notes_in,
    write_through_a_read,
)
from tests.support.postgres_server import in_thread
from tests.support.raw_sql import run_sql


class RefusedError(Exception):
    """What a domain raises."""


async def refuse_after_writing(tx: WriteTx, name: str) -> None:
    await insert_note(tx, name)
    raise RefusedError


async def test_a_write_returns_what_its_function_returns_and_others_see_it(
    db: Database, database_url: str
) -> None:
    assert await db.write(insert_note, "a", value="1") == "a"
    assert run_sql(database_url, "SELECT name, value FROM installation") == [("a", "1")]


async def test_a_refused_write_leaves_nothing(db: Database) -> None:
    with pytest.raises(RefusedError):
        await db.write(refuse_after_writing, "a")
    with pytest.raises(RefusedError):
        await db.write_long(refuse_after_writing, "a")
    assert await notes_in(db) == []


async def test_a_transaction_has_the_clock_s_time_and_makes_ids(
    db: Database, clock: SettableClock
) -> None:
    async def times(tx: WriteTx) -> tuple[int, str, str]:
        return tx.now_ms, tx.new_id("num_"), tx.new_id("num_")

    now_ms, one, other = await db.write(times)
    assert now_ms == START_MS
    assert one != other
    assert one.startswith("num_")
    clock.advance(ms=1)
    assert (await db.write_long(times))[0] == START_MS + 1
    assert await db.read(_now) == START_MS + 1


async def _now(tx: ReadTx) -> int:
    return tx.now_ms


@pytest.mark.parametrize("way", ["read", "scan"])
async def test_a_read_sees_one_state_however_many_statements_it_makes(
    db: Database, database_url: str, way: str
) -> None:
    async def twice(tx: ReadTx) -> tuple[list[str], list[str]]:
        first = await list_notes(tx)
        run_sql(database_url, "INSERT INTO installation (name, value) VALUES ($1, '')", a_name())
        return first, await list_notes(tx)

    first, second = await getattr(db, way)(twice)
    assert first == second
    assert len(await notes_in(db)) > len(first)


@pytest.mark.parametrize("way", ["read", "scan"])
async def test_a_read_cannot_write(db: Database, way: str) -> None:
    with pytest.raises(WriteInReadError):
        await getattr(db, way)(write_through_a_read)
    assert await notes_in(db) == []


async def test_a_write_works_after_a_read_that_tried_to(db: Database) -> None:
    with pytest.raises(WriteInReadError):
        await db.read(write_through_a_read)
    await db.write(insert_note, "a")
    assert await notes_in(db) == ["a"]


async def test_placeholders_count_by_number_and_not_by_appearance(db: Database) -> None:
    async def swapped(tx: ReadTx) -> list[str]:
        row = await tx.fetch_one(
            "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)", "one", "two"
        )
        assert row is not None
        return list(row)

    assert await db.read(swapped) == ["two", "one", "two"]


async def test_a_repeated_placeholder_is_one_value(db: Database) -> None:
    async def both(tx: WriteTx) -> int:
        return await tx.execute("INSERT INTO installation (name, value) VALUES ($1, $1)", "same")

    assert await db.write(both) == 1
    assert await db.read(find_note, "same") == "same"


async def test_execute_counts_the_rows_it_changed(db: Database) -> None:
    async def counts(tx: WriteTx) -> list[int]:
        for name in "abc":
            await insert_note(tx, name)
        return [
            await tx.execute("UPDATE installation SET value = $1", "x"),
            await tx.execute("DELETE FROM installation WHERE name <> $1", "a"),
            await tx.execute("DELETE FROM installation WHERE name = $1", "nobody"),
            await tx.execute(INSERT + " ON CONFLICT (name) DO NOTHING", "a", ""),
        ]

    assert await db.write(counts) == [3, 2, 0, 0]


async def test_statements_run_together_have_all_their_effects(db: Database) -> None:
    await db.write(insert_note, "old", "1")

    async def together(tx: WriteTx) -> None:
        await tx.execute_together(
            (INSERT, ("new", "2")),
            (UPDATE, ("old", "3")),
            ("DELETE FROM installation WHERE name = $1", ("nobody",)),
        )

    await db.write(together)
    assert await notes_in(db) == ["new", "old"]
    assert await db.read(find_note, "old") == "3"


async def test_one_statement_can_be_run_together_alone(db: Database) -> None:
    async def alone(tx: WriteTx) -> None:
        await tx.execute_together((INSERT, ("a", "1")))

    await db.write(alone)
    assert await db.read(find_note, "a") == "1"


@pytest.mark.parametrize("taken", [0, 1, 2])
async def test_of_statements_run_together_none_is_kept_when_a_key_is_taken(
    db: Database, taken: int
) -> None:
    await db.write(insert_note, "taken")
    names = ["x", "y", "z"]
    names[taken] = "taken"

    async def together(tx: WriteTx) -> None:
        await tx.execute_together(*((INSERT, (name, "")) for name in names))

    with pytest.raises(UniqueViolationError):
        await db.write(together)
    assert await notes_in(db) == ["taken"]


async def pass_over_a_violation(tx: WriteTx) -> str:
    await insert_note(tx, "before")
    try:
        await insert_note(tx, "taken")
    except UniqueViolationError:
        return "as if nothing had been"
    return "not refused"


@pytest.mark.parametrize("way", ["write", "write_long"])
async def test_a_function_that_passes_over_a_failed_statement_is_not_acknowledged(
    db: Database, way: str
) -> None:
    await db.write(insert_note, "taken")
    with pytest.raises(TransactionOverError):
        await getattr(db, way)(pass_over_a_violation)
    assert await notes_in(db) == ["taken"]


async def test_a_rule_other_than_a_unique_key_is_not_taken_for_one(db: Database) -> None:
    async def insert_null(tx: WriteTx) -> None:
        await tx.execute(INSERT, "a", None)

    with pytest.raises((apsw.ConstraintError, asyncpg.NotNullViolationError)):
        await db.write(insert_null)
    assert await notes_in(db) == []


async def test_of_many_writes_at_once_all_are_there(db: Database) -> None:
    names = [f"{number:03}" for number in range(200)]
    assert await asyncio.gather(*(db.write(insert_note, name) for name in names)) == names
    assert await notes_in(db) == names


async def test_of_many_writes_of_one_key_one_is_there_and_the_others_are_told(
    db: Database,
) -> None:
    outcomes = await asyncio.gather(
        *(db.write(insert_note, "a", str(number)) for number in range(50)), return_exceptions=True
    )
    assert outcomes.count("a") == 1
    assert sum(isinstance(outcome, UniqueViolationError) for outcome in outcomes) == 49
    assert await notes_in(db) == ["a"]


async def test_refused_writes_do_not_touch_those_that_run_with_them(db: Database) -> None:
    async def refused_after_update(tx: WriteTx, name: str) -> None:
        await tx.execute("UPDATE installation SET value = $1", f"spoiled by {name}")
        raise RefusedError

    await db.write(insert_note, "kept", "clean")
    outcomes = await asyncio.gather(
        *(
            db.write(insert_note if number % 2 else refused_after_update, f"{number:02}")
            for number in range(40)
        ),
        return_exceptions=True,
    )
    assert [isinstance(outcome, RefusedError) for outcome in outcomes] == [True, False] * 20
    assert await db.read(find_note, "kept") == "clean"
    assert await notes_in(db) == [f"{number:02}" for number in range(1, 40, 2)] + ["kept"]


async def test_a_cancelled_write_is_there_whole_or_not_at_all(db: Database) -> None:
    async def insert_two(tx: WriteTx, name: str) -> None:
        await insert_note(tx, f"{name} a")
        await insert_note(tx, f"{name} b")

    for turns in range(12):
        task = asyncio.create_task(db.write(insert_two, f"{turns:02}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await db.write(insert_note, "last")
    names = await notes_in(db)
    assert [name for name in names if name.endswith("a")] == [
        name.replace("b", "a") for name in names if name.endswith("b")
    ]


async def test_what_was_asked_for_before_the_end_is_done(db: Database, database_url: str) -> None:
    names = [f"{number:02}" for number in range(60)]
    tasks = [asyncio.create_task(db.write(insert_note, name)) for name in names]
    scan = asyncio.create_task(db.scan(list_notes))
    await asyncio.sleep(0)
    await db.close()
    assert await asyncio.gather(*tasks) == names
    assert set(await scan) <= set(names)
    assert len(run_sql(database_url, "SELECT name FROM installation")) == len(names)


@pytest.mark.parametrize("way", ["read", "scan", "write", "write_long"])
async def test_a_closed_database_says_so_and_can_be_closed_again(db: Database, way: str) -> None:
    await db.close()
    await db.close()
    with pytest.raises(DatabaseUnavailableError):
        await getattr(db, way)(list_notes)


@pytest.mark.parametrize("way", ["read", "scan", "write", "write_long"])
async def test_a_database_is_refused_in_another_event_loop(db: Database, way: str) -> None:
    async def elsewhere() -> None:
        await getattr(db, way)(list_notes)

    with pytest.raises(RuntimeError, match="event loop"):
        in_thread(lambda: asyncio.run(elsewhere()))
    assert await db.read(list_notes) == []


@pytest.mark.parametrize("ask", [lambda db: db.read, lambda db: db.write])
async def test_a_mistake_in_a_statement_is_reported_as_it_is(
    db: Database, ask: Callable[[Database], Callable[..., asyncio.Future[None]]]
) -> None:
    async def mistaken(tx: ReadTx) -> None:
        await tx.fetch_one("SELECT nothing FROM nowhere")

    with pytest.raises((apsw.SQLError, asyncpg.UndefinedTableError)):
        await ask(db)(mistaken)
    assert await notes_in(db) == []
