"""When a number's agent fails, its fallback answers, and there are never two agents in a call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.numbers.model import Number
from cordboard.numbers.operations import update_number
from cordboard.routing.topology import Layer
from cordboard.simulated.livekit import Behaviour, SimulatedLiveKit
from tests.support.answered import DEADLINES, Answered, answered, eventually
from tests.support.numbers import RULES, registered

WITHIN_S = 10
SAME_TIME = 4
SETTLED_S = 0.5
JOINED_S = DEADLINES.joined_ms / 1000
AUDIO_S = DEADLINES.audio_ms / 1000
AT_THE_DEADLINE_S = [-0.05, -0.01, 0.0, 0.01, 0.05]

SILENT = Behaviour(audio_after_s=None)
ABSENT = Behaviour(joins_after_s=None)
LEAVING = Behaviour(leaves_after_s=0.5)


def has_ended(call: Call) -> bool:
    return call.ended_ms is not None


async def a_number_with_a_fallback(world: Answered) -> Number:
    return await registered(
        world.db, world.actor, inbound_agent_id="desk", fallback_agent_id="night"
    )


def agents_by_room(lk: SimulatedLiveKit) -> dict[str, list[str]]:
    """Return the identities of the agents in each room."""
    return {
        room.name: [identity for identity, member in room.members.items() if member.is_agent]
        for room in lk.rooms.by_name.values()
    }


@asynccontextmanager
async def never_two_agents(lk: SimulatedLiveKit) -> AsyncIterator[None]:
    """Fail if a room holds two agents at any instant of the block."""
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max([most, *(len(agents) for agents in agents_by_room(lk).values())])
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    try:
        yield
        await asyncio.sleep(SETTLED_S)
    finally:
        watching.cancel()
    assert most == 1


async def taken_over(world: Answered) -> Call:
    """Return the only call once its fallback is in it."""

    async def look() -> Call | None:
        calls = await world.records()
        return calls[0] if calls and calls[0].attempt == 1 and calls[0].dispatch_id else None

    return await eventually(look)


@pytest.mark.parametrize("layer", Layer)
@pytest.mark.parametrize("behaviour", [None, ABSENT, SILENT], ids=["nobody", "absent", "silent"])
async def test_the_fallback_answers_when_the_agent_does_not(
    database_url: str, layer: Layer, behaviour: Behaviour | None
) -> None:
    async with answered(database_url, layer) as world:
        if behaviour is not None:
            world.lk.register_worker("desk", behaviour=behaviour)
        night, unnamed = world.lk.register_worker("night"), world.lk.register_worker("")
        number = await a_number_with_a_fallback(world)
        await world.reconcile()
        async with never_two_agents(world.lk):
            caller = await world.call(number.phone_number)
            assert await caller.until_answered(WITHIN_S) == night.jobs[0].identity
        call = await world.record(lambda call: call.state is CallState.ANSWERED)
        assert call.target is not None
        assert (call.attempt, call.target.agent_id) == (1, "night")
        assert call.is_decided_here is (layer is Layer.SHARED)
        assert [job.metadata for job in night.jobs] == [call.target.metadata]
        assert world.sent("CreateDispatch") == (2 if layer is Layer.SHARED else 1)
        assert unnamed.jobs == []
        caller.hang_up()
        ended = await world.record(has_ended)
        assert ended.end_reason is EndReason.CALLER_HUNG_UP


@pytest.mark.parametrize("layer", Layer)
async def test_the_fallback_takes_over_from_an_agent_that_leaves_the_call(
    database_url: str, layer: Layer
) -> None:
    async with answered(database_url, layer) as world:
        desk = world.lk.register_worker("desk", behaviour=LEAVING)
        night = world.lk.register_worker("night")
        number = await a_number_with_a_fallback(world)
        await world.reconcile()
        async with never_two_agents(world.lk):
            caller = await world.call(number.phone_number)
            assert await caller.until_answered(WITHIN_S) == desk.jobs[0].identity
            await taken_over(world)
        assert [*agents_by_room(world.lk).values()] == [[night.jobs[0].identity]]
        call = await world.record()
        assert (call.state, call.attempt) == (CallState.ANSWERED, 1)
        caller.hang_up()
        assert (await world.record(has_ended)).end_reason is EndReason.CALLER_HUNG_UP


@pytest.mark.parametrize(
    ("desk", "night", "reason"),
    [
        (ABSENT, ABSENT, EndReason.NO_AGENT),
        (SILENT, SILENT, EndReason.AGENT_SILENT),
        (LEAVING, LEAVING, EndReason.AGENT_GONE),
        (LEAVING, ABSENT, EndReason.NO_AGENT),
    ],
)
async def test_a_call_ends_when_the_fallback_fails_too(
    database_url: str, desk: Behaviour, night: Behaviour, reason: EndReason
) -> None:
    async with answered(database_url) as world:
        workers = [
            world.lk.register_worker("desk", behaviour=desk),
            world.lk.register_worker("night", behaviour=night),
        ]
        number = await a_number_with_a_fallback(world)
        caller = await world.call(number.phone_number)
        await caller.until_ended(WITHIN_S)
        call = await world.record(has_ended)
        assert (call.end_reason, call.attempt) == (reason, 1)
        assert [len(worker.jobs) for worker in workers] == [1, 1]
        assert not any(agents_by_room(world.lk).values())


@pytest.mark.parametrize("layer", Layer)
@pytest.mark.parametrize("early_s", AT_THE_DEADLINE_S)
@pytest.mark.parametrize("which", ["joins", "is heard"])
async def test_an_agent_that_comes_at_its_deadline_talks_alone_or_not_at_all(
    database_url: str, layer: Layer, which: str, early_s: float
) -> None:
    behaviour = Behaviour(joins_after_s=JOINED_S - early_s)
    if which == "is heard":
        behaviour = Behaviour(joins_after_s=0.1, audio_after_s=AUDIO_S - 0.1 - early_s)
    async with answered(database_url, layer) as world:
        desk = world.lk.register_worker("desk", behaviour=behaviour)
        night = world.lk.register_worker("night")
        number = await a_number_with_a_fallback(world)
        await world.reconcile()
        async with never_two_agents(world.lk):
            callers = [await world.call(number.phone_number) for _ in range(SAME_TIME)]
            await asyncio.gather(*(caller.until_answered(WITHIN_S) for caller in callers))
        jobs = {job.identity: job for worker in (desk, night) for job in worker.jobs}
        calls = await world.records()
        assert len(calls) == SAME_TIME
        for call in calls:
            (agent,) = agents_by_room(world.lk)[call.room]
            assert call.target is not None
            assert (call.state, call.closing_ms) == (CallState.ANSWERED, None)
            assert jobs[agent].agent_name == call.target.livekit_agent_name


async def test_a_change_of_the_fallback_does_not_touch_a_call_that_rings(
    database_url: str,
) -> None:
    async with answered(database_url) as world:
        night = world.lk.register_worker("night")
        day = world.lk.register_worker("day")
        number = await a_number_with_a_fallback(world)
        caller = await world.call(number.phone_number)
        await world.record()
        changes = {"fallback_agent_id": "day"}
        await world.db.write(update_number, world.actor, number.phone_number, changes, None, RULES)
        assert await caller.until_answered(WITHIN_S) == night.jobs[0].identity
        assert day.jobs == []
        following = await world.call(number.phone_number)
        assert await following.until_answered(WITHIN_S) == day.jobs[0].identity
