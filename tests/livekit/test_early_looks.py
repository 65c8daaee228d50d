"""A call's agent is sent for while its caller still connects: no event has told of it by then."""

import asyncio
import gc

import pytest

from cordboard.calls import store
from cordboard.calls.answering import Answering
from cordboard.calls.early import AT_ONCE, LOOK_AFTER_S, TASK, WITHIN_MS
from cordboard.calls.seen import Seen
from cordboard.routing.events import LiveKitEvent, Sight
from cordboard.routing.topology import Layer
from cordboard.simulated.livekit import Call as Caller
from cordboard.simulated.livekit import Fault, FaultKind
from cordboard.simulated.livekit.server import Moment
from tests.support.answered import DEADLINES, Answered, answered, eventually
from tests.support.builders import a_name, a_number
from tests.support.clock import SettableClock
from tests.support.livekit import CARRIER, a_rule, a_trunk, connected
from tests.support.reconciled import CLUSTER

WITHIN_S = 10
MANY = 12
OF_CALLERS = ("participant_joined", "track_published")
ROOM_STARTED = "room_started"


def lose(world: Answered, *events: str) -> None:
    """Let events of these kinds never arrive."""
    world.lk.webhooks.faults.add(*(Fault(each, FaultKind.LOST, times=None) for each in events))


def opened(room: str) -> LiveKitEvent:
    """Return the event of a room that has just been opened."""
    return LiveKitEvent(a_name("EV"), Sight.ROOM_STARTED, a_name("RM"), room, "", "", 0, 0, "", {})


async def seen_in(world: Answered, caller: Caller) -> Seen:
    """Return what is known of a caller's room."""
    room = world.lk.rooms.by_name[caller.room or ""]
    return await world.db.read(store.find_seen, CLUSTER, room.info.sid)


async def until_nobody_looks() -> None:
    """Wait until every look that has begun is over."""
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == TASK))


async def until_looked_at(world: Answered) -> None:
    """Wait until a look has found the only caller, and what followed from that is over."""

    async def look() -> bool | None:
        return True if world.sent("ListParticipants") else None

    await eventually(look)
    await until_nobody_looks()


async def test_an_agent_is_sent_for_before_an_event_tells_of_the_caller(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        lose(world, *OF_CALLERS)
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        call = await world.record(lambda call: bool(call.dispatch_id))
        assert (call.room, call.leg.dialled) == (caller.room, number.phone_number)
        assert [job.room for job in desk.jobs] == [caller.room]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("ListParticipants", FaultKind.ERROR_BEFORE, times=None),
        Fault("ListParticipants", FaultKind.LOST_ANSWER, times=None),
        Fault("ListParticipants", FaultKind.SLOW, times=None, delay_s=1.0),
    ],
    ids=["refused", "cut", "unanswered"],
)
async def test_a_look_that_fails_is_made_up_for_by_the_event(
    database_url: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.faults.add(fault)
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        callers = [await world.call(number.phone_number) for _ in range(AT_ONCE)]
        await asyncio.gather(*(caller.until_answered(WITHIN_S) for caller in callers))
        assert len({job.room for job in desk.jobs}) == len(desk.jobs) == AT_ONCE
    # A task whose failure nobody has taken says so when it is collected.
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_look_that_finds_nobody_is_made_up_for_by_the_event(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:

        def nobody(method: str, moment: Moment) -> None:
            for room in world.lk.rooms.by_name.values():
                room.is_listed = method != "ListParticipants" or moment is not Moment.BEFORE_EFFECT

        world.lk.on_request = nobody
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        assert len(desk.jobs) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(ROOM_STARTED, FaultKind.LOST, times=None),
        Fault(ROOM_STARTED, FaultKind.DUPLICATED, times=None),
        Fault(ROOM_STARTED, FaultKind.OVERTAKEN, times=None, delay_s=0.03),
        Fault(ROOM_STARTED, FaultKind.OVERTAKEN, times=None, delay_s=0.4),
        Fault("participant_joined", FaultKind.DUPLICATED, times=None),
        Fault("participant_joined", FaultKind.OVERTAKEN, times=None, delay_s=0.2),
    ],
    ids=str,
)
async def test_events_in_any_order_make_one_record_and_bring_one_agent(
    database_url: str, fault: Fault
) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.webhooks.faults.add(fault)
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        callers = [await world.call(number.phone_number) for _ in range(AT_ONCE)]
        await asyncio.gather(*(caller.until_answered(WITHIN_S) for caller in callers))
        await world.records_once(AT_ONCE, lambda call: bool(call.dispatch_id))
        assert len({job.room for job in desk.jobs}) == len(desk.jobs) == AT_ONCE
        assert world.sent("CreateDispatch") == AT_ONCE


@pytest.mark.parametrize("delay_s", [0.014, 0.016, 0.018, 0.02])
async def test_a_look_whose_answer_comes_with_the_event_brings_no_second_agent(
    database_url: str, delay_s: float
) -> None:
    async with answered(database_url, polls=False) as world:
        world.deciders += [world.decider(), world.decider()]
        slow = Fault("ListParticipants", FaultKind.SLOW, times=None, delay_s=delay_s)
        world.lk.faults.add(slow)
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        for _ in range(4):
            callers = [await world.call(number.phone_number) for _ in range(AT_ONCE - 1)]
            await asyncio.gather(*(caller.until_answered(WITHIN_S) for caller in callers))
        count = 4 * (AT_ONCE - 1)
        await world.records_once(count, lambda call: bool(call.dispatch_id))
        assert len({job.room for job in desk.jobs}) == len(desk.jobs) == count
        assert world.sent("CreateDispatch") == count


async def test_a_refusal_is_left_to_the_event_that_tells_of_its_caller(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        lose(world, *OF_CALLERS)
        refused = await world.call(a_number())
        await until_looked_at(world)
        assert await seen_in(world, refused) == Seen()
        assert world.sent("DeleteRoom") == 0


async def test_a_caller_whom_livekit_has_sent_an_agent_for_is_left_to_the_event(
    database_url: str,
) -> None:
    async with answered(database_url, Layer.DEDICATED, polls=False) as world:
        lose(world, *OF_CALLERS)
        world.lk.register_worker("desk")
        number = await world.register("desk")
        await world.reconcile()
        caller = await world.call(number.phone_number)
        await until_looked_at(world)
        assert await seen_in(world, caller) == Seen()


async def test_a_caller_who_came_by_a_foreign_rule_is_not_recorded(database_url: str) -> None:
    async with answered(database_url, polls=False) as world, connected(world.lk) as client:
        number = await world.register("desk")
        trunk_id = await a_trunk(client, number.phone_number, addresses=(f"{CARRIER}/32",))
        await a_rule(client, trunk_id, agent="theirs")
        caller = await world.call(number.phone_number, source=CARRIER)
        await until_looked_at(world)
        assert await seen_in(world, caller) == Seen()


async def looks(world: Answered, answering: Answering, *rooms: str) -> int:
    """Return how often LiveKit was asked who is in rooms that have just been opened."""
    before = world.sent("ListParticipants")
    for room in rooms:
        await answering.take(opened(room))
    await until_nobody_looks()
    return world.sent("ListParticipants") - before


async def test_of_many_rooms_that_are_opened_at_once_a_few_are_looked_into(
    database_url: str,
) -> None:
    async with answered(database_url, polls=False) as world:
        clock, secrets = SettableClock(), {world.lk.api_key: world.lk.api_secret}
        answering = Answering(world.db, world.livekit, clock, DEADLINES, secrets)
        rooms = [f"call_{a_number()}_{place}" for place in range(MANY)]
        assert 0 < await looks(world, answering, *rooms) <= AT_ONCE * len(LOOK_AFTER_S)
        clock.advance(ms=WITHIN_MS - 1)
        assert await looks(world, answering, rooms[0]) == 0
        clock.advance(ms=WITHIN_MS)
        assert await looks(world, answering, rooms[0]) > 0


async def test_rooms_in_which_no_caller_can_be_are_not_looked_into(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        answering = world.decider()
        rooms = ["standup", "cordboard-probe_1", f"call_{'0' * 24}"]
        assert await looks(world, answering, *rooms) == 0
