"""Rooms that were opened again, fail to be looked into, or are sent an agent too late."""

import asyncio

import msgspec
import pytest
from livekit import api

from cordboard.calls import operations, store
from cordboard.calls.looks import MOST_FAILURES
from cordboard.calls.model import EndReason
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.simulated.livekit import Fault, FaultKind, simulated_livekit
from tests.livekit.test_calls_held_up import FROM, a_desk, joined
from tests.support.answered import eventually
from tests.support.clock import SettableClock
from tests.support.numbers import registered
from tests.support.reconciled import CARRIER, CLUSTER

OTHER_FROM = "+12125550101"
LATE_MS = 2_000
"""After that a room is looked into that no event told of."""


async def test_a_caller_that_opens_its_closed_room_again_hears_an_end(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
        caller = await lk.call(number.phone_number, FROM, source=CARRIER)
        room, person = await desk.ring()
        call = await desk.record(room, person)
        await desk.livekit.delete_room(room.name)
        caller.hang_up()
        opened = lk.rooms.start(api.CreateRoomRequest(name=room.name))
        info = api.ParticipantInfo(
            identity=person.identity,
            kind=api.ParticipantInfo.Kind.SIP,
            attributes=person.attributes,
        )
        lk.rooms.join(opened, info)
        again = msgspec.structs.replace(joined(room, person), room_sid=opened.info.sid)
        await desk.answering.take(again)
        assert (await desk.stands(call)).ended_ms is None
        desk.clock.now_ms = system_clock() + LATE_MS
        await desk.answering.poll()
        assert lk.rooms.by_name == {}
        assert (await desk.stands(call)).end_reason is EndReason.CONNECTION_LOST


async def test_a_room_that_livekit_fails_to_look_into_keeps_no_other_from_its_turn(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
        for caller in (FROM, OTHER_FROM):
            await lk.call(number.phone_number, caller, source=CARRIER)

        async def both_ring() -> bool | None:
            rooms = await desk.livekit.list_rooms()
            return sum(room.participants for room in rooms) == 2 or None

        await eventually(both_ring)
        desk.clock.now_ms = system_clock() + LATE_MS
        lk.faults.add(Fault("ListParticipants", FaultKind.ERROR_BEFORE))
        with pytest.raises(LiveKitError):
            await desk.answering.poll()
        assert len(await desk.db.read(store.list_up, CLUSTER)) == 1
        await desk.answering.poll()
        assert len(await desk.db.read(store.list_up, CLUSTER)) == 2


async def test_a_turn_of_the_poller_ends_when_too_many_rooms_cannot_be_looked_into(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
        for place in range(MOST_FAILURES):
            await desk.livekit.create_room(f"call_{place}", 300)
        await lk.call(number.phone_number, FROM, source=CARRIER)
        await desk.ring()
        desk.clock.now_ms = system_clock() + LATE_MS
        failing = Fault("ListParticipants", FaultKind.ERROR_BEFORE, times=None)
        lk.faults.add(failing)
        for turn in range(1, 3):
            with pytest.raises(LiveKitError):
                await desk.answering.poll()
            looks = sum(one.status != 200 for one in lk.ledger)
            assert looks == turn * MOST_FAILURES
        lk.faults.clear()
        lk.faults.add(msgspec.structs.replace(failing, times=MOST_FAILURES - 1))
        with pytest.raises(LiveKitError):
            await desk.answering.poll()
        # Fewer than that keep none of the others from its turn.
        lk.faults.clear()
        assert len([one for one in lk.ledger if one.status != 200]) == 3 * MOST_FAILURES - 1
        await desk.answering.poll()
        assert len(await desk.db.read(store.list_up, CLUSTER)) == 1


async def test_an_agent_that_is_sent_for_after_the_next_one_took_over_is_called_off(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(
            desk.db, desk.actor, inbound_agent_id="desk", fallback_agent_id="night"
        )
        await lk.call(number.phone_number, FROM, source=CARRIER)
        room, person = await desk.ring()
        lk.faults.add(Fault("CreateDispatch", FaultKind.SLOW, delay_s=0.6))
        await desk.answering.take(joined(room, person))
        await asyncio.sleep(0.2)
        (call,) = await desk.db.read(store.list_up, CLUSTER)
        found = await desk.db.read(store.find_followed, CLUSTER, call.call_id)
        assert found is not None
        assert await desk.db.write(operations.try_next, *found) is not None

        async def is_called_off() -> bool | None:
            asked = [one.method for one in lk.ledger]
            return "DeleteDispatch" in asked or None

        await eventually(is_called_off)
        sent = lk.rooms.by_name[room.name].dispatches.values()
        assert "desk" not in {dispatch.agent_name for dispatch in sent}


async def test_a_room_that_livekit_lists_for_longer_than_any_call_lasts_is_of_no_call(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
        await lk.call(number.phone_number, FROM, source=CARRIER)
        call = await desk.record(*await desk.ring())
        desk.clock.advance(seconds=25 * 3600 + 1)
        await desk.answering.poll()
        assert (await desk.stands(call)).end_reason is EndReason.CONNECTION_LOST


async def test_what_no_database_keeps_of_a_call_keeps_no_other_from_its_turn(
    db: Database, clock: SettableClock
) -> None:
    async with simulated_livekit() as lk, a_desk(db, clock, lk) as desk:
        number = await registered(desk.db, desk.actor, inbound_agent_id="desk")
        await lk.call(number.phone_number, "a\0b", source=CARRIER)
        await lk.call("sales\0", FROM, source=CARRIER)
        await lk.call(number.phone_number, OTHER_FROM, source=CARRIER)

        async def all_ring() -> bool | None:
            rooms = await desk.livekit.list_rooms()
            return sum(room.participants for room in rooms) == 3 or None

        await eventually(all_ring)
        desk.clock.advance(seconds=2)
        for _ in range(3):
            await desk.answering.poll()
        query, mine = store.CallQuery(), desk.actor.organization_id
        for lists, caller in (store.list_calls, OTHER_FROM), (store.list_unmatched, FROM):
            (call,) = (await desk.db.read(lists, mine, query)).calls
            assert call.leg.caller == caller
