"""Events reach every consumer, in order, none is missed, and none stays for ever."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, WriteTx, open_database
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.outbox import (
    KEEP_MS,
    Event,
    get_backlog,
    insert_event,
    list_events,
    prune_events,
)
from tests.support.clock import START_MS, SettableClock
from tests.support.databases import postgres_clone
from tests.support.postgres_server import PostgresServer
from tests.support.raw_sql import run_sql

ACTOR = Actor(OrganizationId("org_1"), "sk_1", "req_1")
ALL = 10_000


async def happen(tx: WriteTx, *names: str) -> None:
    """Write events down in one transaction."""
    await tx.execute_together(
        *(insert_event(tx, ACTOR, name, f"num_{name}", {"n": name}) for name in names)
    )


async def names_after(db: Database, position: int = 0) -> list[str]:
    """Return what a consumer at a position would read."""
    return [event.event for event in await db.read(list_events, position, ALL)]


async def sequences(db: Database) -> list[int]:
    """Return the sequences of all events, in order."""
    return [event.sequence for event in await db.read(list_events, 0, ALL)]


async def test_an_event_says_what_happened_to_what_whose_and_when(db: Database) -> None:
    await db.write(happen, "a")
    (event,) = await db.read(list_events, 0, ALL)
    assert event == Event(
        event.sequence, ACTOR.organization_id, "a", "num_a", START_MS, '{"n":"a"}'
    )


async def test_events_are_read_in_pages_that_miss_and_repeat_nothing(db: Database) -> None:
    names = [f"{number:02}" for number in range(23)]
    for name in names:
        await db.write(happen, name)
    read: list[Event] = []
    while page := await db.read(list_events, read[-1].sequence if read else 0, 5):
        assert len(page) <= 5
        read += page
    assert [event.event for event in read] == names


async def test_an_event_of_a_refused_write_never_happened(db: Database) -> None:
    async def refuse(tx: WriteTx) -> None:
        await happen(tx, "never")
        raise LookupError

    with pytest.raises(LookupError):
        await db.write(refuse)
    await db.write(happen, "a")
    assert await names_after(db) == ["a"]


async def test_events_stay_a_day_even_when_nobody_reads_them(
    db: Database, clock: SettableClock
) -> None:
    await db.write(happen, "a")
    clock.advance(ms=KEEP_MS)
    assert await db.write(prune_events, ALL) == 0
    clock.advance(ms=1)
    await db.write(happen, "b")
    assert await db.write(prune_events, ALL) == 1
    assert await names_after(db) == ["b"]


async def test_pruning_takes_no_more_than_it_is_told_to(db: Database, clock: SettableClock) -> None:
    for _ in range(5):
        await db.write(happen, *"abcd")
    clock.advance(ms=KEEP_MS + 1)
    assert [await db.write(prune_events, 8) for _ in range(4)] == [8, 8, 4, 0]
    assert await names_after(db) == []


async def test_the_backlog_says_how_much_is_kept(db: Database, clock: SettableClock) -> None:
    assert await db.read(get_backlog) == 0
    await db.write(happen, *"abc")
    clock.advance(ms=KEEP_MS + 1)
    await db.write(happen, *"de")
    assert await db.read(get_backlog) == 5
    await db.write(prune_events, ALL)
    assert await db.read(get_backlog) == 2


async def test_who_stands_at_an_event_that_is_gone_misses_nothing(
    db: Database, clock: SettableClock
) -> None:
    await db.write(happen, *"ab")
    stands_at = (await sequences(db))[-1]
    clock.advance(ms=KEEP_MS + 1)
    await db.write(happen, *"cd")
    assert await db.write(prune_events, ALL) == 2
    assert await names_after(db, stands_at) == ["c", "d"]


async def consume(db: Database, until: int) -> list[str]:
    """Read events as a consumer does until so many have come."""
    read: list[str] = []
    position = 0
    while len(read) < until:
        events = await db.read(list_events, position, 7)
        if events:
            read += [event.event for event in events]
            position = events[-1].sequence
        await asyncio.sleep(0)
    return read


async def test_consumers_that_read_while_events_happen_get_each_exactly_once(
    db: Database,
) -> None:
    names = [f"{number:03}" for number in range(120)]
    consumers = [asyncio.create_task(consume(db, len(names))) for _ in range(2)]
    await asyncio.gather(*(db.write(happen, name) for name in names))
    one, other = await asyncio.gather(*consumers)
    assert sorted(one) == names
    assert one == other
    assert await names_after(db) == one


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_clone(postgres_server) as url:
        yield url


INSERT = """INSERT INTO outbox (organization_id, event, subject_id, at_ms, data)
            VALUES ('org_1', $1, 'num_1', 0, '{}')"""


async def test_a_lower_sequence_that_commits_later_is_not_passed(url: str) -> None:
    """The one with the lower sequence is the older transaction."""
    db = await open_database(url, create=False)
    late = await asyncpg.connect(url)
    transaction = late.transaction()
    await transaction.start()
    await late.execute(INSERT, "lower, late")
    await db.write(happen, "higher, early")
    assert await names_after(db) == []
    await transaction.commit()
    assert await names_after(db) == ["lower, late", "higher, early"]
    await late.close()
    await db.close()


async def test_a_lower_sequence_of_a_younger_transaction_is_not_passed(url: str) -> None:
    """Of two transactions the older may take the higher sequence, and commit first."""
    db = await open_database(url, create=False)
    older, younger = await asyncpg.connect(url), await asyncpg.connect(url)
    first, second = older.transaction(), younger.transaction()
    await first.start()
    await older.execute("SELECT pg_current_xact_id()")
    await second.start()
    await younger.execute(INSERT, "younger, lower sequence")
    await older.execute(INSERT, "older, higher sequence")
    await first.commit()
    (passed,) = await db.read(list_events, 0, ALL)
    assert passed.event == "older, higher sequence"
    await second.commit()
    (event,) = await db.read(list_events, passed.sequence, ALL)
    assert event.event == "younger, lower sequence"
    assert event.sequence < passed.sequence
    # Nor is it when both are there and read one by one.
    (first_page,) = await db.read(list_events, 0, 1)
    assert first_page == passed
    await older.close()
    await younger.close()
    await db.close()


async def test_events_of_a_restored_database_come_before_new_ones(
    url: str, clock: SettableClock
) -> None:
    """A dump holds transaction ids that the server it is restored on has not reached."""
    db = await open_database(url, create=False, clock=clock)
    for name in "abc":
        await db.write(happen, name)
    at = await sequences(db)
    await db.close()
    run_sql(url, "UPDATE outbox SET transaction_id = transaction_id + 1000000000")
    db = await open_database(url, create=False, clock=clock)
    await db.write(happen, "d")
    assert await names_after(db) == ["a", "b", "c", "d"]
    assert await names_after(db, at[0]) == ["b", "c", "d"]
    await db.close()
    db = await open_database(url, create=False, clock=system_clock)
    assert await names_after(db, at[0]) == ["b", "c", "d"]
    await db.close()
