"""A room in which an agent may be about to join stays open, lest the agent open it again."""

import asyncio

import msgspec

from cordboard.calls.answering import PATIENCE_MS
from cordboard.calls.model import CallState, EndReason
from cordboard.numbers.operations import update_number
from cordboard.routing.topology import Layer
from cordboard.simulated.livekit import Behaviour, Fault, FaultKind
from tests.support.answered import DEADLINES, Answered, answered, eventually
from tests.support.numbers import RULES
from tests.support.outbound import outbound

JOINED_S = DEADLINES.joined_ms / 1000
LATE_S = JOINED_S + 0.4
LATE = Behaviour(joins_after_s=LATE_S, is_connecting=True)
SLOW = Behaviour(joins_after_s=0.6, is_connecting=True)
NEVER = Behaviour(joins_after_s=None)
WITHIN_S = 10


async def all_rooms_closed(world: Answered) -> None:
    """Wait until LiveKit has no room left."""

    async def look() -> bool | None:
        return True if not world.lk.rooms.by_name else None

    await eventually(look)


def opened(world: Answered) -> int:
    """Return how many rooms were opened."""
    return world.lk.webhooks.sent.count("room_started")


async def come(world: Answered, participants: int) -> None:
    """Wait until so many have joined, and with them an agent, however late."""

    async def look() -> bool | None:
        return world.lk.webhooks.sent.count("participant_joined") == participants or None

    await eventually(look)


async def test_an_agent_that_comes_too_late_does_not_open_its_room_again(database_url: str) -> None:
    async with answered(database_url) as world:
        unnamed = world.lk.register_worker("")
        world.lk.register_worker("desk", behaviour=LATE)
        number = await world.register()
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        call = await world.record(lambda call: call.state is CallState.ENDED)
        assert call.end_reason is EndReason.NO_AGENT
        await come(world, 2)
        await all_rooms_closed(world)
        assert (opened(world), unnamed.jobs) == (1, [])
        assert (await world.record()).answered_ms is None


async def test_of_a_call_that_is_made_too(database_url: str) -> None:
    async with outbound(database_url) as calls:
        unnamed = calls.world.lk.register_worker("")
        calls.world.lk.register_worker("desk", behaviour=SLOW)
        await calls.place()
        await calls.reached("being set up")
        await calls.end(await calls.world.record())
        call = await calls.world.record(lambda call: call.state is CallState.ENDED)
        assert call.end_reason is EndReason.ENDED_BY_REQUEST
        await come(calls.world, 1)
        await calls.left()
        assert (opened(calls.world), unnamed.jobs, calls.invites) == (1, [], 0)


async def test_of_one_that_livekit_does_not_list_yet(database_url: str) -> None:
    async with outbound(database_url) as calls:
        unnamed = calls.world.lk.register_worker("")
        behaviour = msgspec.structs.replace(SLOW, listed_after_s=0.5)
        calls.world.lk.register_worker("desk", behaviour=behaviour)
        await calls.place()
        await calls.reached("being set up")
        await calls.end(await calls.world.record())
        await come(calls.world, 1)
        await calls.left()
        assert (opened(calls.world), unnamed.jobs) == (1, [])


async def test_of_one_that_livekit_sent_for_to_a_call_that_is_refused(database_url: str) -> None:
    async with answered(database_url, Layer.DEDICATED) as world:
        unnamed = world.lk.register_worker("")
        world.lk.register_worker("desk", behaviour=SLOW)
        number = await world.register()
        await world.reconcile()
        unbound = {"inbound_agent_id": None}
        await world.db.write(update_number, world.actor, number.phone_number, unbound, None, RULES)
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        call = await world.record(lambda call: call.state is CallState.ENDED)
        assert call.end_reason is EndReason.UNBOUND_NUMBER
        await come(world, 2)
        await all_rooms_closed(world)
        assert (opened(world), unnamed.jobs) == (1, [])


async def test_where_livekit_does_not_say_who_was_sent_the_caller_hears_the_end_all_the_same(
    database_url: str,
) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.register_worker("desk", behaviour=NEVER)
        world.lk.faults.add(Fault("ListDispatch", FaultKind.ERROR_BEFORE, times=None))
        number = await world.register()
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert world.lk.rooms.by_name == {}


async def test_one_that_does_not_come_at_all_is_not_waited_for_for_ever(database_url: str) -> None:
    async with answered(database_url) as world:
        world.lk.register_worker("desk", behaviour=NEVER)
        number = await world.register()
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        await all_rooms_closed(world)
        assert world.sent("DeleteRoom") == 1


async def test_where_no_worker_took_the_job_the_room_is_closed_at_once(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register()
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert world.lk.rooms.by_name == {}
        assert world.sent("RemoveParticipant") == 0


async def test_a_room_that_its_caller_has_left_is_looked_into_no_more(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.register_worker("desk")
        number = await world.register()
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        caller.hang_up()
        await world.record(lambda call: call.state is CallState.ENDED)
        looked = world.sent("ListParticipants")
        await asyncio.sleep(PATIENCE_MS / 1000)
        for _ in range(3):
            await world.deciders[0].poll()
        assert len(world.lk.rooms.by_name) == 1, "LiveKit closes it when it is time"
        assert (world.sent("ListParticipants"), world.sent("DeleteRoom")) == (looked, 0)
