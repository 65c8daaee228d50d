"""What is known to stand for a number: its own pair, or the catch-all that all others share."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from cordboard.numbers.operations import create_number
from cordboard.routing import store
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.store.numbers import AT_ONCE
from cordboard.routing.topology import Layer
from cordboard.runtime.db import Database, WriteTx
from tests.support.builders import a_number
from tests.support.numbers import RULES, a_new_number
from tests.support.reconciled import CLUSTER, Reconciled, an_estate, reconciled

MANY = 2 * AT_ONCE + 1


@pytest.fixture
async def world(db: Database) -> AsyncIterator[Reconciled]:
    async with reconciled(db) as one:
        yield one


async def test_nothing_is_known_of_a_bound_number_before_its_pair_is_made(
    world: Reconciled,
) -> None:
    await world.reconciler.tick()
    number = await world.register("desk")
    assert await world.state(number) is None
    await world.reconciler.tick()
    state = await world.state(number)
    assert state is not None
    assert (state.registration_id, state.status) == (number.registration_id, "ready")


async def test_numbers_without_pairs_share_the_catch_all_s_state(world: Reconciled) -> None:
    numbers = [await world.register(None) for _ in range(3)]
    await world.reconciler.tick()
    states = [await world.state(number) for number in numbers]
    assert [state and state.status for state in states] == ["ready"] * 3
    assert len(await world.db.scan(store.list_states, CLUSTER)) == 1


async def test_a_number_that_loses_its_pair_falls_back_to_the_catch_all_s_state(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    before = await world.state(number)
    await world.change(number, inbound_agent_id=None)
    await world.reconciler.tick()
    after = await world.state(number)
    assert before is not None
    assert after is not None
    assert after.inbound_trunk_id in world.lk.sip.inbound
    assert after.inbound_trunk_id != before.inbound_trunk_id


async def test_a_pair_that_sends_for_the_agent_of_before_is_pending(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    first = await world.state(number)
    await world.change(number, inbound_agent_id="bell")
    between = await world.state(number)
    await world.reconciler.tick()
    after = await world.state(number)
    assert first is not None
    assert after is not None
    assert between == msgspec.structs.replace(first, status="pending")
    assert after == msgspec.structs.replace(first, answered_by=after.answered_by)
    assert after.answered_by != first.answered_by


@pytest.mark.parametrize("agent", ["desk", None])
async def test_a_livekit_that_cannot_be_asked_is_said_of_a_number_that_waits_for_it(
    world: Reconciled, agent: str | None
) -> None:
    await world.reconciler.tick()
    world.lk.faults.is_down = True
    number = await world.register(agent)
    with pytest.raises(LiveKitError):
        await world.reconciler.watch_catch_all()
    failed = await world.state(number)
    assert failed is not None
    assert (failed.status, failed.error is None) == ("failed", False)
    world.lk.faults.is_down = False
    await world.reconciler.watch_catch_all()
    await world.reconciler.follow_changes()
    after = await world.state(number)
    assert after is not None
    assert (after.status, after.error) == ("ready", None)


async def test_under_the_shared_topology_a_new_number_is_ready_at_once(world: Reconciled) -> None:
    world.estate = an_estate(Layer.SHARED)
    world.reconciler = world.another()
    await world.reconciler.tick()
    state = await world.state(await world.register("desk"))
    assert state is not None
    assert state.status == "ready"


async def test_numbers_and_states_of_several_pages_are_listed_whole(world: Reconciled) -> None:
    phone_numbers = {a_number() for _ in range(MANY)}

    async def register_all(tx: WriteTx) -> None:
        for phone_number in phone_numbers:
            new = a_new_number(phone_number, inbound_agent_id="desk")
            number = await create_number(tx, world.actor, new, RULES)
            state = store.NumberState(
                number.registration_id,
                number.organization_id,
                CLUSTER,
                inbound_trunk_id=None,
                dispatch_rule_id=None,
                status="pending",
                error=None,
            )
            await store.update_states(tx, [state])

    await world.db.write_long(register_all)
    numbers = await world.db.scan(store.list_static_numbers)
    states = await world.db.scan(store.list_states, CLUSTER)
    assert len(numbers) == len(states) == len(phone_numbers)
    assert {number.phone_number for number in numbers} == phone_numbers
    assert states.keys() == {number.registration_id for number in numbers}
