"""Deciders that are late, look at old lists, or are not told: nothing is done twice or too soon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cordboard.calls import operations, store
from cordboard.calls.answering import Answering
from cordboard.calls.model import Call, EndReason
from cordboard.calls.seen import Sighting
from cordboard.calls.steps import ASK_AGAIN_AFTER_MS, Deadlines
from cordboard.provisioning.reconcile import Reconciler
from cordboard.routing.events import LiveKitEvent, Sight
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.livekit_shapes import Participant, Room
from cordboard.routing.topology import Layer
from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, open_database
from cordboard.simulated.livekit import (
    Behaviour,
    Fault,
    FaultKind,
    SimulatedLiveKit,
    simulated_livekit,
)
from tests.support.answered import eventually
from tests.support.calls import a_seat
from tests.support.clock import SettableClock
from tests.support.exchange import exchange
from tests.support.numbers import registered
from tests.support.organizations import an_actor
from tests.support.postgres_server import in_thread
from tests.support.reconciled import CARRIER, CLUSTER, an_estate

FROM = "+12125550100"
WITHIN_S = 15
REFUSED_MS = ASK_AGAIN_AFTER_MS + 100
"""After that a request for an agent that LiveKit refused is made again."""


class Desk:
    """A database and one that answers calls, whose clock the test moves."""

    def __init__(self, db: Database, actor: Actor, livekit: LiveKit, clock: SettableClock) -> None:
        self.db, self.actor, self.livekit, self.clock = db, actor, livekit, clock
        self.answering = Answering(db, livekit, clock, Deadlines(), {})

    async def ring(self) -> tuple[Room, Participant]:
        """Wait for a caller in a room."""

        async def look() -> tuple[Room, Participant] | None:
            for room in await self.livekit.list_rooms():
                for person in await self.livekit.list_participants(room.name):
                    return room, person
            return None

        return await eventually(look)

    async def record(self, room: Room, person: Participant) -> Call:
        """Begin the record of a call as a decider does that dies at once."""
        leg = operations.leg_of(person.attributes, person.joined_ms)
        joined = Sighting(Sight.JOINED, person.sid, person.joined_ms, "sip")
        where = (room.sid, room.name)
        taken = await self.db.write(operations.observe, CLUSTER, where, [joined], leg)
        assert taken is not None
        return taken.call

    async def stands(self, call: Call) -> Call:
        """Return a call as it stands."""
        found = await self.db.read(store.find_call, call.organization_id, call.call_id)
        assert found is not None
        return found


@asynccontextmanager
async def a_desk(db: Database, clock: SettableClock, lk: SimulatedLiveKit) -> AsyncIterator[Desk]:
    clock.now_ms = system_clock()
    livekit = LiveKit(CLUSTER, lk.url, (APIKey(lk.api_key, lk.api_secret),))
    await Reconciler(db, livekit, an_estate(Layer.SHARED)).tick()
    desk = Desk(db, await an_actor(db), livekit, clock)
    try:
        yield desk
    finally:
        await desk.answering.stop()
        await livekit.aclose()


@pytest.fixture
async def lk() -> AsyncIterator[SimulatedLiveKit]:
    async with simulated_livekit() as one:
        yield one


@pytest.fixture
async def desk(db: Database, clock: SettableClock, lk: SimulatedLiveKit) -> AsyncIterator[Desk]:
    async with a_desk(db, clock, lk) as one:
        yield one


def joined(room: Room, person: Participant) -> LiveKitEvent:
    return LiveKitEvent(
        event_id="EV_1",
        sight=Sight.JOINED,
        room_sid=room.sid,
        room=room.name,
        participant_sid=person.sid,
        kind="sip",
        joined_ms=person.joined_ms,
        created_s=person.joined_ms // 1000,
        disconnect_reason="",
        attributes=person.attributes,
    )


async def answered_by_another(database_url: str, lk: SimulatedLiveKit, now_ms: int) -> None:
    """Let another server see to the calls that wait, as its poller does."""
    clock = SettableClock(now_ms)
    db = await open_database(database_url, create=False, clock=clock)
    livekit = LiveKit(CLUSTER, lk.url, (APIKey(lk.api_key, lk.api_secret),))
    answering = Answering(db, livekit, clock, Deadlines(), {})
    await answering.poll()

    async def is_noted() -> Call | None:
        calls = await db.read(store.list_up, CLUSTER)
        return next((call for call in calls if call.dispatch_id), None)

    await eventually(is_noted)
    await answering.stop()
    await livekit.aclose()
    await db.close()


async def test_a_decider_that_was_held_up_does_not_send_for_a_second_agent(
    db: Database, clock: SettableClock, database_url: str
) -> None:
    with exchange() as line:
        worker = line.register_worker("desk")
        async with a_desk(db, clock, line.lk) as desk:
            number = await registered(db, desk.actor, inbound_agent_id="desk")
            callers = line.calls(number.phone_number)
            await desk.answering.take(joined(*await desk.ring()))
            # The event loop stands still until another server has done this one's work.
            clock.advance(seconds=2)
            in_thread(lambda: asyncio.run(answered_by_another(database_url, line.lk, clock.now_ms)))
            await asyncio.sleep(0.3)
            line.until_answered(callers)
            assert len(worker.jobs) == 1
            assert line.sent("CreateDispatch") == 1


async def test_a_call_whose_room_came_after_the_list_is_not_taken_for_gone(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
    seat = a_seat(number.phone_number, rule_id=next(iter(lk.sip.rules)))
    lk.faults.add(Fault("ListRooms", FaultKind.SLOW, delay_s=0.5))
    polling = asyncio.create_task(desk.answering.poll())
    await asyncio.sleep(0.1)
    room = (seat.room, f"call_{FROM}_{seat.room}")
    taken = await desk.db.write(operations.observe, CLUSTER, room, [], seat.leg)
    assert taken is not None
    desk.clock.advance(seconds=3)
    await polling
    assert (await desk.stands(taken.call)).ended_ms is None
    await desk.answering.poll()
    gone = await desk.stands(taken.call)
    assert (gone.end_reason, gone.ended_ms) == (EndReason.CONNECTION_LOST, gone.updated_ms)


async def test_a_room_is_looked_at_once_its_events_are_late_and_not_before(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    number = await registered(desk.db, desk.actor)
    await lk.call(number.phone_number, FROM, source=CARRIER)
    room, _ = await desk.ring()
    lk.ledger.clear()
    desk.clock.now_ms = room.created_ms + 1_499
    await desk.answering.poll()
    assert [asked.method for asked in lk.ledger] == ["ListRooms"]
    desk.clock.now_ms = room.created_ms + 1_500
    await desk.answering.poll()
    (call,) = await desk.db.read(store.list_up, CLUSTER)
    assert call.closing_reason is EndReason.UNBOUND_NUMBER


async def test_a_room_that_is_nobody_s_call_is_looked_at_for_a_minute(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    await desk.livekit.create_room("call_meeting", 300)
    (room,) = await desk.livekit.list_rooms()
    looks = []
    for after_ms in (2_000, 59_000, 61_000, 62_000, 63_000):
        desk.clock.now_ms = room.created_ms + after_ms
        lk.ledger.clear()
        await desk.answering.poll()
        looks.append(sum(asked.method == "ListParticipants" for asked in lk.ledger))
    assert looks == [1, 1, 1, 0, 0]


async def test_an_agent_whose_events_were_lost_is_found_before_it_is_given_up(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    worker = lk.register_worker("desk")
    number = await registered(
        desk.db, desk.actor, inbound_agent_id="desk", fallback_agent_id="night"
    )
    night = lk.register_worker("night")
    caller = await lk.call(number.phone_number, FROM, source=CARRIER)
    await desk.answering.take(joined(*await desk.ring()))
    await caller.until_answered(WITHIN_S)
    (call,) = await desk.db.read(store.list_up, CLUSTER)
    assert call.answered_ms is None
    desk.clock.advance(seconds=7)
    desk.answering.notice(call)

    async def is_answered() -> Call | None:
        found = await desk.stands(call)
        return found if found.answered_ms is not None else None

    await eventually(is_answered)
    # The decider that found it has had the time to do the wrong thing.
    await asyncio.sleep(0.3)
    found = await desk.stands(call)
    assert (found.attempt, found.closing_ms) == (0, None)
    assert (len(worker.jobs), len(night.jobs)) == (1, 0)


async def test_of_several_dispatches_the_lowest_stays_and_a_stranger_s_too(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    silent = Behaviour(joins_after_s=None)
    lk.register_worker("desk", behaviour=silent)
    number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
    await lk.call(number.phone_number, FROM, source=CARRIER)
    room, person = await desk.ring()
    call = await desk.record(room, person)
    assert call.target is not None
    mine = [await desk.livekit.create_dispatch(room.name, call.target) for _ in range(3)]
    for metadata in ("theirs", '{"cordboard": 2}', '{"other": 1}'):
        stranger = call.target.__class__("x", 1, "stranger", None, metadata)
        await desk.livekit.create_dispatch(room.name, stranger)
    before = {each.dispatch_id for each in await desk.livekit.list_dispatches(room.name)}
    desk.clock.advance(seconds=2)
    desk.answering.notice(call)

    async def is_noted() -> Call | None:
        found = await desk.stands(call)
        return found if found.dispatch_id else None

    assert (await eventually(is_noted)).dispatch_id == min(mine)
    after = {each.dispatch_id for each in await desk.livekit.list_dispatches(room.name)}
    assert after == before - {*mine} | {min(mine)}


async def test_a_dispatch_that_livekit_refuses_is_asked_for_again_without_the_poller(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    worker = lk.register_worker("desk")
    number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
    lk.faults.add(Fault("CreateDispatch", FaultKind.ERROR_BEFORE, times=2))
    caller = await lk.call(number.phone_number, FROM, source=CARRIER)
    await desk.answering.take(joined(*await desk.ring()))

    async def is_refused() -> bool | None:
        return any(asked.method == "CreateDispatch" for asked in lk.ledger) or None

    await eventually(is_refused)
    for _ in range(3):
        desk.clock.advance(ms=REFUSED_MS)
        await asyncio.sleep(0.6)
    await caller.until_answered(WITHIN_S)
    assert len(worker.jobs) == 1


async def refused_until_its_deadline(desk: Desk, lk: SimulatedLiveKit) -> None:
    """Take the event of a caller, for whose agent LiveKit cannot be brought to send in time."""
    lk.faults.add(Fault("CreateDispatch", FaultKind.ERROR_BEFORE, times=None))
    await desk.answering.take(joined(*await desk.ring()))
    for request in range(1, 5):

        async def is_made(request: int = request) -> bool | None:
            made = sum(asked.method == "CreateDispatch" for asked in lk.ledger)
            (call,) = await desk.db.read(store.list_up, CLUSTER)
            return (made == request and call.refused_ms is not None) or None

        await eventually(is_made)
        if request == 4:
            lk.faults.clear()
        desk.clock.advance(ms=REFUSED_MS)


async def test_a_call_for_whose_agent_livekit_never_sends_ends_at_the_first_deadline(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    worker = lk.register_worker("desk")
    number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
    caller = await lk.call(number.phone_number, FROM, source=CARRIER)
    await refused_until_its_deadline(desk, lk)

    async def is_closing() -> Call | None:
        (call,) = await desk.db.read(store.list_up, CLUSTER)
        return call if call.closing_ms is not None else None

    call = await eventually(is_closing)
    assert call.closing_reason is EndReason.NOT_DISPATCHED
    desk.clock.advance(seconds=1)
    assert (await caller.until_ended(WITHIN_S)).status == 486
    assert worker.jobs == []


async def test_the_fallback_answers_when_livekit_does_not_send_for_the_agent(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    first, night = lk.register_worker("desk"), lk.register_worker("night")
    number = await registered(
        desk.db, desk.actor, inbound_agent_id="desk", fallback_agent_id="night"
    )
    caller = await lk.call(number.phone_number, FROM, source=CARRIER)
    await refused_until_its_deadline(desk, lk)
    assert await caller.until_answered(WITHIN_S) == night.jobs[0].identity
    (call,) = await desk.db.read(store.list_up, CLUSTER)
    assert (call.attempt, call.refused_ms, first.jobs) == (1, None, [])


async def test_a_dispatch_that_comes_after_the_call_leaves_no_room_behind(
    desk: Desk, lk: SimulatedLiveKit
) -> None:
    number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
    caller = await lk.call(number.phone_number, FROM, source=CARRIER)
    room, person = await desk.ring()
    lk.faults.add(Fault("CreateDispatch", FaultKind.SLOW, delay_s=0.6))
    await desk.answering.take(joined(room, person))
    await asyncio.sleep(0.2)
    await desk.livekit.delete_room(room.name)
    await caller.until_ended(WITHIN_S)
    finished = Sighting(Sight.ROOM_FINISHED, "", desk.clock())
    where = (room.sid, room.name)
    ended = await desk.db.write(operations.observe, CLUSTER, where, [finished], None)
    assert ended is not None
    assert ended.has_just_ended

    async def is_clear() -> bool | None:
        was_sent = any(asked.method == "CreateDispatch" for asked in lk.ledger)
        return (was_sent and not lk.rooms.by_name) or None

    await eventually(is_clear)
