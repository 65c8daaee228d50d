"""LiveKit's Redis lost everything: every number rings again at once, at any size of the estate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from cordboard.numbers.model import Number
from cordboard.routing.topology import NOBODY
from cordboard.runtime.db import Database
from tests.support.raw_sql import is_sqlite, run_sql
from tests.support.reconciled import Reconciled, reconciled

FIRST = 19_700_000_000
WATCHED = 50
"""So many numbers of an estate are called, from its first to its last."""

REBUILT = [
    "ListSIPInboundTrunk",
    "ListSIPDispatchRule",
    "ListSIPInboundTrunk",
    "ListSIPDispatchRule",
    "CreateSIPInboundTrunk",
    "CreateSIPDispatchRule",
    "UpdateSIPInboundTrunk",
]


@pytest.fixture
async def world(db: Database) -> AsyncIterator[Reconciled]:
    async with reconciled(db) as one:
        yield one


def copied(database_url: str, number: Number, count: int) -> list[str]:
    """Register so many numbers like one that is there, provisioned once; return some of them."""
    names = "SELECT name FROM pragma_table_info('phone_number')"
    if not is_sqlite(database_url):
        names = (
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'phone_number'"
        )
    made = {
        "phone_number": f"'+' || CAST({FIRST} + n.i AS TEXT)",
        "registration_id": "'num_copy_' || CAST(n.i AS TEXT)",
    }
    columns = [name for (name,) in run_sql(database_url, names)]
    values = ", ".join(made.get(name, f"one.{name}") for name in columns)
    run_sql(
        database_url,
        f"""WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
            INSERT INTO phone_number ({", ".join(columns)})
            SELECT {values} FROM n, phone_number AS one WHERE one.phone_number = $1""",
        number.phone_number,
    )
    run_sql(
        database_url,
        """INSERT INTO phone_number_livekit
             (registration_id, organization_id, cluster_id, status, updated_ms)
           SELECT registration_id, organization_id, 'default', 'ready', 0 FROM phone_number""",
    )
    return [f"+{FIRST + place}" for place in range(1, count + 1, max(1, count // WATCHED))]


async def an_emptied_redis(world: Reconciled, database_url: str, estate: int) -> list[str]:
    """Lose everything of an estate of so many numbers, and let the catch-all be watched."""
    number = await world.register("desk")
    await world.reconciler.watch_catch_all()
    called = [str(number.phone_number)]
    if estate > 1:
        called += copied(database_url, number, estate - 1)
    world.lk.flush()
    world.lk.ledger.clear()
    await world.reconciler.watch_catch_all()
    return called


@asynccontextmanager
async def rebuilding(world: Reconciled) -> AsyncIterator[asyncio.Task[None]]:
    """Rebuild everything while the catch-all is watched, as a worker does: that keeps the lease."""

    async def watch() -> None:
        while True:
            await world.reconciler.watch_catch_all()
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(watch()), asyncio.create_task(world.reconciler.follow_changes())]
    try:
        yield tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.long(reason="estates of up to 10,000 numbers", seconds=120)
@pytest.mark.parametrize("estate", [1, 1_000, 10_000])
async def test_the_catch_all_is_back_first_by_the_same_requests_at_any_size(
    world: Reconciled, database_url: str, estate: int
) -> None:
    called = await an_emptied_redis(world, database_url, estate)
    assert sorted(asked.method for asked in world.lk.ledger) == sorted(REBUILT)
    assert [asked.method for asked in world.lk.ledger][-3:] == REBUILT[-3:]
    assert {world.taker(number) for number in called} == {NOBODY}


@pytest.mark.long(reason="makes up to 1,000 pairs anew", seconds=240)
@pytest.mark.parametrize("estate", [1, 1_000])
async def test_the_pairs_are_rebuilt_behind_it_and_every_number_rings_meanwhile(
    world: Reconciled, database_url: str, estate: int
) -> None:
    called = await an_emptied_redis(world, database_url, estate)
    async with rebuilding(world) as task:
        while not task.done():
            assert {world.taker(number) for number in called} <= {NOBODY, "desk"}
            await asyncio.sleep(0.05)
        await task
    assert {world.taker(number) for number in called} == {"desk"}
    difference = (await world.reconciler.plan()).difference
    assert not [*difference.repairs, *difference.surplus_trunks, *difference.surplus_rules]


@pytest.mark.long(reason="an estate of 10,000 numbers", seconds=120)
async def test_of_a_large_estate_every_number_rings_while_its_pairs_come_back_one_after_another(
    world: Reconciled, database_url: str
) -> None:
    called = await an_emptied_redis(world, database_url, 10_000)
    async with rebuilding(world) as task:
        while len(world.lk.sip.rules) < 200:
            assert not task.done()
            assert {world.taker(number) for number in called} <= {NOBODY, "desk"}
            await asyncio.sleep(0.05)
    assert {world.taker(number) for number in called} <= {NOBODY, "desk"}
    assert world.has_catch_all()


async def test_several_requests_are_in_flight_while_pairs_are_rebuilt(world: Reconciled) -> None:
    for _ in range(24):
        await world.register("desk")
    await world.reconciler.watch_catch_all()
    world.lk.sip.write_delay_s = 0.3
    task = asyncio.create_task(world.reconciler.tick())
    counts = [len(world.lk.sip.inbound)]
    while not task.done():
        counts.append(len(world.lk.sip.inbound))
        await asyncio.sleep(0.01)
    await task
    together = max(after - before for before, after in pairwise(counts))
    assert together >= 2, "one after the other, each would come alone, 0.3 s after the last"
