"""A reconciler that has given its lease away changes nothing more, even in the middle of a tick."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cordboard.provisioning.for_each_tag import IN_FLIGHT
from cordboard.runtime.db import Database
from tests.support.reconciled import Reconciled, reconciled

ESTATE = 3 * IN_FLIGHT


@pytest.fixture
async def world(db: Database) -> AsyncIterator[Reconciled]:
    async with reconciled(db) as one:
        yield one


async def test_a_tick_without_its_lease_finishes_what_is_in_flight_and_leaves_the_rest(
    world: Reconciled,
) -> None:
    numbers = [await world.register("desk") for _ in range(ESTATE)]
    await world.reconciler.watch_catch_all()
    world.lk.sip.write_delay_s = 0.3
    ticking = asyncio.create_task(world.reconciler.tick())
    while len(world.lk.sip.inbound) == 1:
        assert not ticking.done()
        await asyncio.sleep(0.01)
    await world.reconciler.stop()
    await ticking
    world.lk.sip.write_delay_s = 0
    assert 1 < len(world.lk.sip.rules) <= 1 + IN_FLIGHT
    await world.another().tick()
    assert {world.taker(number.phone_number) for number in numbers} == {"desk"}
    assert len(world.lk.sip.inbound) == len(world.lk.sip.rules) == 1 + ESTATE
