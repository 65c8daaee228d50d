"""Whose transactions wait for whose, where an organization's calls meet; on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from cordboard.calls.model import EndReason
from cordboard.calls.outbound import operations
from cordboard.calls.outbound.refusals import CallsStoppedError
from cordboard.calls.outbound.reservations import change_guards, reserve
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, WriteTx, open_database
from cordboard.runtime.db.postgres_tx import PostgresTx
from tests.store.test_outbound_calls import now, placed, with_agent
from tests.support.databases import postgres_clone
from tests.support.organizations import an_actor
from tests.support.postgres_server import PostgresServer

WAITING = """SELECT count(*) FROM pg_stat_activity
   WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_clone(postgres_server) as url:
        yield url


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    database = await open_database(url, create=False)
    yield database
    await database.close()


@asynccontextmanager
async def under_way(url: str) -> AsyncIterator[WriteTx]:
    """Give a transaction that goes on until its block ends."""
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1)
    async with pool, pool.acquire() as connection, connection.transaction():
        yield PostgresTx(connection, system_clock())


async def waits(url: str, task: asyncio.Task[object]) -> bool:
    """Whether a transaction waits for another one; False once it has ended."""
    connection = await asyncpg.connect(url)
    try:
        while not task.done():
            if await connection.fetchval(WAITING):
                return True
            await asyncio.sleep(0.01)
        return False
    finally:
        await connection.close()


async def test_a_dial_waits_for_the_kill_switch_that_is_being_set(db: Database, url: str) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    async with under_way(url) as tx:
        await change_guards(tx, actor, {"is_stopped": True})
        dial = asyncio.create_task(db.write(operations.commit_dial, call))
        assert await waits(url, dial)
    assert await dial is None
    assert (await now(db, call)).closing_reason is EndReason.STOPPED


async def test_the_kill_switch_waits_for_a_dial_that_is_being_committed(
    db: Database, url: str
) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    async with under_way(url) as tx:
        assert await operations.commit_dial(tx, call) is not None
        stop = asyncio.create_task(db.write(change_guards, actor, {"is_stopped": True}))
        assert await waits(url, stop)
    assert (await stop).is_stopped


async def test_a_reservation_waits_for_the_kill_switch_that_is_being_set(
    db: Database, url: str
) -> None:
    actor = await an_actor(db)
    await placed(db, actor)
    async with under_way(url) as tx:
        await change_guards(tx, actor, {"is_stopped": True})
        asked = db.write(reserve, actor.organization_id, "call_1", 1000)
        reservation = asyncio.create_task(asked)
        assert await waits(url, reservation)
    with pytest.raises(CallsStoppedError):
        await reservation


async def test_dials_wait_neither_for_each_other_nor_for_a_reservation(
    db: Database, url: str
) -> None:
    actor = await an_actor(db)
    first, second = [await with_agent(db, await placed(db, actor)) for _ in range(2)]
    async with under_way(url) as reserving, under_way(url) as dialling:
        await reserve(reserving, actor.organization_id, "call_1", 1000)
        assert await operations.commit_dial(dialling, first) is not None
        assert await db.write(operations.commit_dial, second) is not None
