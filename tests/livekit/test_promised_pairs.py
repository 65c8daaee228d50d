"""Before pairs are made it is on disk for which numbers, many numbers to a transaction."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from cordboard.numbers.model import Number
from cordboard.provisioning.note_states import NOTED_AT_ONCE, note_states
from cordboard.provisioning.promise_pairs import PROMISED_AT_ONCE, promise_pairs
from cordboard.routing import store
from cordboard.routing.model import RoutableNumber
from cordboard.routing.store import NumberState
from cordboard.routing.topology import NOBODY
from cordboard.runtime.db import Database, open_database
from cordboard.runtime.ids import OrganizationId, RegistrationId
from cordboard.simulated.livekit import Moment
from tests.support.numbers import registered
from tests.support.organizations import an_actor
from tests.support.raw_sql import run_sql
from tests.support.reconciled import CLUSTER, Reconciled, reconciled

MANY = 2 * PROMISED_AT_ONCE + 50
UNDER_WAY = 16


@pytest.fixture
async def counted_db(database_url: str) -> AsyncIterator[Database]:
    """A database whose clock tells each transaction another instant."""
    database = await open_database(database_url, create=False, clock=itertools.count(1).__next__)
    yield database
    await database.close()


@pytest.fixture
async def world(db: Database) -> AsyncIterator[Reconciled]:
    async with reconciled(db) as one:
        yield one


async def many_registered(world: Reconciled) -> list[Number]:
    """Register numbers for more than two transactions, several at a time."""
    numbers: list[Number] = []
    for start in range(0, MANY, UNDER_WAY):
        part = range(start, min(start + UNDER_WAY, MANY))
        numbers += await asyncio.gather(*(world.register("desk") for _ in part))
    return numbers


async def static_numbers(db: Database) -> list[RoutableNumber]:
    return await db.scan(store.list_static_numbers)


def a_state(place: int = 0, error: str | None = None, status: str = "ready") -> NumberState:
    return NumberState(
        registration_id=RegistrationId(f"num_{place:04d}"),
        organization_id=OrganizationId("org_1"),
        cluster_id=CLUSTER,
        inbound_trunk_id=None if error else f"ST_{place}",
        dispatch_rule_id=None,
        status=status,
        error=error,
    )


async def test_many_numbers_are_promised_in_few_transactions(
    counted_db: Database, database_url: str
) -> None:
    actor = await an_actor(counted_db)
    for _ in range(MANY):
        await registered(counted_db, actor, inbound_agent_id="desk")
    numbers = await static_numbers(counted_db)
    promised = await promise_pairs(counted_db, numbers, CLUSTER)
    assert promised == {number.registration_id for number in numbers}
    instants = "SELECT updated_ms, COUNT(*) FROM phone_number_livekit GROUP BY 1 ORDER BY 1"
    counts = [count for _, count in run_sql(database_url, instants)]
    assert counts == [PROMISED_AT_ONCE, PROMISED_AT_ONCE, 50]


async def test_of_many_numbers_those_deleted_meanwhile_are_not_promised(world: Reconciled) -> None:
    numbers = [await world.register("desk") for _ in range(5)]
    read = await static_numbers(world.db)
    gone = numbers[1], numbers[3]
    for number in gone:
        await world.delete(number)
    promised = await promise_pairs(world.db, read, CLUSTER)
    assert promised == {number.registration_id for number in numbers if number not in gone}
    assert (await world.db.scan(store.list_states, CLUSTER)).keys() == promised


async def test_a_number_that_was_registered_anew_meanwhile_is_left_for_its_next_turn(
    world: Reconciled,
) -> None:
    before = await world.register("desk")
    read = await static_numbers(world.db)
    await world.delete(before)
    after = await world.register("desk", phone_number=before.phone_number)
    assert await promise_pairs(world.db, read, CLUSTER) == set()
    await world.reconciler.tick()
    assert (await world.db.scan(store.list_states, CLUSTER)).keys() == {
        store.CATCH_ALL_STATE,
        after.registration_id,
    }


async def test_what_is_known_of_a_number_is_not_promised_again(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    known = await world.state(number)
    assert await promise_pairs(world.db, await static_numbers(world.db), CLUSTER) == set()
    assert await world.state(number) == known


@pytest.mark.long(reason="registers hundreds of numbers", seconds=120)
async def test_nothing_is_made_for_a_number_before_the_promises_are_on_disk(
    world: Reconciled, database_url: str
) -> None:
    await many_registered(world)
    await world.reconciler.watch_catch_all()
    known = "SELECT COUNT(*) FROM phone_number_livekit"
    at_first: list[int] = []

    def look(method: str, *_: object) -> None:
        if method == "CreateSIPInboundTrunk" and not at_first:
            at_first.append(run_sql(database_url, known)[0][0])
            world.lk.faults.is_down = True

    world.lk.on_request = look
    await world.try_tick()
    assert at_first == [MANY]


async def test_whoever_is_stopped_among_promises_leaves_what_the_next_tick_puts_right(
    world: Reconciled,
) -> None:
    numbers = [await world.register("desk") for _ in range(4)]
    await world.reconciler.watch_catch_all()
    read = await static_numbers(world.db)
    await promise_pairs(world.db, read[:2], CLUSTER)
    await world.restart()
    await world.reconciler.tick()
    assert {world.taker(number.phone_number) for number in numbers} == {"desk"}
    states = await world.db.scan(store.list_states, CLUSTER)
    assert {state.status for state in states.values()} == {"ready"}
    assert len(states) == 1 + len(numbers)


async def test_many_states_are_stored_and_forgotten_in_few_transactions(
    counted_db: Database, database_url: str
) -> None:
    states = [a_state(place) for place in range(NOTED_AT_ONCE + 1)]
    await note_states(counted_db, states, [])
    instants = "SELECT COUNT(DISTINCT updated_ms) FROM phone_number_livekit"
    assert run_sql(database_url, instants) == [(2,)]
    await note_states(counted_db, [], [state.registration_id for state in states[1:]])
    assert await counted_db.scan(store.list_states, CLUSTER) == {"num_0000": states[0]}


@pytest.mark.parametrize("error", ['said "no"; it\'s $1 {items}', "züri\n\\ 電話", ""])
async def test_a_state_is_read_as_it_was_stored_whatever_it_says(db: Database, error: str) -> None:
    first, second = a_state(1, error, "failed"), a_state(2)
    await note_states(db, [a_state(1), second], [])
    await note_states(db, [first], [])
    states = await db.scan(store.list_states, CLUSTER)
    assert states == {"num_0001": first, "num_0002": second}


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM phone_number",
        "UPDATE phone_number SET registration_id = 'num_anew'",
        "UPDATE phone_number SET inbound_agent_id = NULL",
    ],
)
async def test_a_number_that_wants_its_pair_no_more_while_it_is_made_does_not_get_it(
    world: Reconciled, database_url: str, change: str
) -> None:
    await world.reconciler.tick()
    number = await world.register("desk")

    def meanwhile(method: str, moment: Moment) -> None:
        if (method, moment) == ("CreateSIPDispatchRule", Moment.BEFORE_EFFECT):
            run_sql(database_url, change)

    world.lk.on_request = meanwhile
    await world.reconciler.tick()
    assert not any(number.phone_number in it.numbers for it in world.lk.sip.inbound.values())
    assert world.taker(number.phone_number) == NOBODY
