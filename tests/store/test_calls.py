"""Calls and their rooms in the database: what is written, and what is left as it is."""

from typing import Any

import pytest

from cordboard.calls.model import Call, CallState, EndReason, Leg, Schedule
from cordboard.calls.operations import observe
from cordboard.calls.seen import Seen, Sighting
from cordboard.calls.store import (
    ROOM_KEPT_MS,
    TOUCHED_WITHIN_MS,
    UNKNOWN_ROOM_KEPT_MS,
    claim_room,
    delete_call,
    delete_old_rooms,
    find_seen,
    insert_call,
    update_call,
    update_room,
)
from cordboard.numbers.e164 import E164
from cordboard.routing.events import Sight
from cordboard.routing.model import Accepted, Target
from cordboard.routing.store import update_catch_all
from cordboard.runtime.db import Database, ReadTx, Row, WriteTx
from cordboard.runtime.ids import OrganizationId, RegistrationId
from tests.support.builders import a_name
from tests.support.calls import CLUSTER, RULE, a_seat
from tests.support.clock import START_MS, SettableClock

ROOM = "RM_1"
SEEN = Seen().after(Sighting(Sight.JOINED, "PA_caller", START_MS, "sip"))


def a_call() -> Call:
    """Return a call with a fallback, as it begins."""
    organization = OrganizationId("org_1")
    targets = tuple(Target(a_name("agent"), 1, a_name("worker"), None, "{}") for _ in range(2))
    number = E164("+14155550100")
    return Call(
        call_id=a_name("call"),
        organization_id=organization,
        cluster_id=CLUSTER,
        room_sid=a_name("RM"),
        room=a_name("call"),
        leg=Leg("SCL_1", "SDR_1", number, "+12125550100", START_MS, {}),
        decision=Accepted(organization, number, RegistrationId("num_1"), 1, targets, ()),
        is_decided_here=True,
        state=CallState.RINGING,
        started_ms=START_MS,
        created_ms=START_MS,
        updated_ms=START_MS,
    )


async def stored(tx: ReadTx, call: Call) -> Row | None:
    row = await tx.fetch_one("SELECT * FROM phone_call WHERE call_id = $1", call.call_id)
    return None if row is None else tuple(row)


async def written(tx: WriteTx, *statements: Any) -> None:  # noqa: ANN401 - as the store makes them
    for statement in statements:
        await tx.execute_together(statement)


async def check_stored(db: Database, before: Call, after: Call) -> None:
    await db.write(written, insert_call(before), update_call(after))
    changed = await db.read(stored, after)
    await db.write(written, delete_call(after), insert_call(after))
    assert changed is not None
    assert changed == await db.read(stored, after)


@pytest.mark.parametrize(
    "changes",
    [
        {"dispatch_id": "AD_1"},
        {"state": CallState.ANSWERED, "answered_ms": START_MS + 500},
        {"closing_ms": START_MS + 1, "closing_reason": EndReason.NO_AGENT},
        {"attempt": 1, "tried_ms": START_MS + 1},
        {
            "state": CallState.ENDED,
            "answered_ms": START_MS,
            "ended_ms": START_MS + 9000,
            "end_reason": EndReason.CALLER_HUNG_UP,
        },
    ],
    ids=["noted", "answered", "closing", "second_agent", "ended"],
)
async def test_a_changed_call_is_stored_as_if_it_had_always_been_so(
    db: Database, changes: dict[str, Any]
) -> None:
    before = a_call()
    await check_stored(db, before, before.changed(START_MS + 10_000, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"started_ms": START_MS + 7_000},
        {"state": CallState.ENDED, "started_ms": START_MS, "ended_ms": START_MS},
        {"state": CallState.RINGING, "started_ms": START_MS, "attempt": 1},
    ],
    ids=["moved", "cancelled", "begun"],
)
async def test_so_is_one_that_was_scheduled(db: Database, changes: dict[str, Any]) -> None:
    schedule = Schedule(START_MS + 60_000, None, None)
    before = a_call().changed(
        START_MS, state=CallState.SCHEDULED, started_ms=START_MS + 60_000, schedule=schedule
    )
    await check_stored(db, before, before.changed(START_MS + 1, **changes))


async def test_a_room_is_kept_for_a_day_after_it_was_claimed_last(
    db: Database, clock: SettableClock
) -> None:
    await db.write(claim_room, CLUSTER, ROOM)
    await db.write(written, update_room(CLUSTER, ROOM, SEEN))
    clock.advance(ms=ROOM_KEPT_MS - 1)
    assert await db.write(claim_room, CLUSTER, ROOM) == SEEN
    clock.advance(ms=ROOM_KEPT_MS - 1)
    assert await db.write(delete_old_rooms, 10) == 0
    assert await db.read(find_seen, CLUSTER, ROOM) == SEEN
    clock.advance(ms=2)
    assert await db.write(delete_old_rooms, 10) == 1
    assert await db.read(find_seen, CLUSTER, ROOM) == Seen()


async def test_a_room_in_which_no_caller_is_seen_is_kept_for_an_hour(
    db: Database, clock: SettableClock
) -> None:
    seat = a_seat("+14155550100")
    agent = seat.sight(Sight.JOINED, "agent", START_MS)
    room = (seat.room, f"call_{seat.room}")
    assert await db.write(observe, CLUSTER, room, [agent], None) is None
    clock.advance(ms=UNKNOWN_ROOM_KEPT_MS)
    assert await db.write(delete_old_rooms, 10) == 0
    clock.advance(ms=1)
    assert await db.write(delete_old_rooms, 10) == 1


async def test_an_agent_that_was_seen_before_its_caller_is_kept_with_the_call(
    db: Database, clock: SettableClock
) -> None:
    await db.write(update_catch_all, CLUSTER, RULE)
    seat = a_seat("+14155550100")
    agent = seat.sight(Sight.JOINED, "agent", START_MS)
    caller = seat.sight(Sight.JOINED, "sip", START_MS)
    room = (seat.room, f"call_{seat.room}")
    assert await db.write(observe, CLUSTER, room, [agent], None) is None
    clock.advance(ms=UNKNOWN_ROOM_KEPT_MS - 1)
    taken = await db.write(observe, CLUSTER, room, [caller], seat.leg)
    assert taken is not None
    assert taken.seen is not None
    assert len(taken.seen.agents) == 1
    finished = [Sighting(Sight.ROOM_FINISHED, "", START_MS)]
    await db.write(observe, CLUSTER, room, finished, None)
    clock.advance(ms=ROOM_KEPT_MS)
    assert await db.write(delete_old_rooms, 10) == 0
    clock.advance(ms=1)
    assert await db.write(delete_old_rooms, 10) == 1


async def test_a_room_that_is_claimed_again_soon_is_not_written_to(
    db: Database, clock: SettableClock
) -> None:
    async def touched(tx: ReadTx) -> int:
        row = await tx.fetch_one("SELECT touched_ms FROM livekit_room WHERE room_sid = $1", ROOM)
        return -1 if row is None else int(row[0])

    await db.write(claim_room, CLUSTER, ROOM)
    clock.advance(ms=TOUCHED_WITHIN_MS - 1)
    assert await db.write(claim_room, CLUSTER, ROOM) == Seen()
    assert await db.read(touched) == START_MS
    clock.advance(ms=1)
    await db.write(claim_room, CLUSTER, ROOM)
    assert await db.read(touched) == START_MS + TOUCHED_WITHIN_MS


async def test_who_claims_a_room_sees_what_another_has_seen_meanwhile(db: Database) -> None:
    assert await db.write(claim_room, CLUSTER, ROOM) == Seen()
    await db.write(written, update_room(CLUSTER, ROOM, SEEN))
    assert await db.write(claim_room, CLUSTER, ROOM) == SEEN
