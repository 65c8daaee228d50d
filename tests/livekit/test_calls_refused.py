"""Refusals reach the caller: a room is never closed before its caller can be told."""

import asyncio

import pytest

from cordboard.calls.answering import REPEAT_END_S
from cordboard.calls.model import EndReason
from cordboard.calls.store import CallQuery, list_unmatched
from cordboard.simulated.livekit import Fault, FaultKind
from tests.support.answered import Answered, answered, eventually
from tests.support.builders import a_number

IN_A_ROW = 30
WITHIN_S = 20
REFUSED = ["INVITE", "100", "180", "486"]


async def test_thirty_rejects_in_a_row_are_thirty_final_answers(database_url: str) -> None:
    """A room that is closed before its caller's track is published rings on: see the simulation."""
    async with answered(database_url, polls=False) as world:
        for _ in range(IN_A_ROW):
            caller = await world.call(a_number())
            assert (await caller.until_ended(WITHIN_S)).status == 486
            assert caller.messages == REFUSED
        assert world.lk.rooms.by_name == {}


async def test_thirty_rejects_at_once_are_thirty_final_answers(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        callers = [await world.call(a_number()) for _ in range(IN_A_ROW)]
        ends = await asyncio.gather(*(caller.until_ended(WITHIN_S) for caller in callers))
        assert {end.status for end in ends} == {486}
        assert [caller.messages for caller in callers] == [REFUSED] * IN_A_ROW


async def test_a_caller_whose_track_no_event_told_of_is_refused_by_the_backstop(
    database_url: str,
) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.webhooks.faults.add(Fault("track_published", FaultKind.LOST, times=None))
        caller = await world.call(a_number())
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert world.sent("ListParticipants") >= 1, "who is there is looked at once more"


async def test_a_refusal_that_livekit_fails_is_sent_until_it_is_done(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.faults.add(Fault("DeleteRoom", FaultKind.ERROR_BEFORE, times=2))
        caller = await world.call(a_number())
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert world.sent("DeleteRoom") >= 3


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.ERROR_AFTER])
async def test_a_refusal_whose_answer_is_lost_is_sent_until_an_answer_comes(
    database_url: str, kind: FaultKind
) -> None:
    async with answered(database_url, polls=False) as world:
        world.lk.faults.add(Fault("DeleteRoom", kind, times=2))
        unheard(world)
        caller = await world.call(a_number())
        ended = await caller.until_ended(WITHIN_S)
        assert (ended.status, caller.messages) == (486, REFUSED)
        await sent_again(world, 3)
        assert world.lk.rooms.by_name == {}
        await over_once_it_is_looked_at(world)


async def test_a_refusal_is_sent_until_it_is_known_that_the_call_is_over(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        unheard(world)
        caller = await world.call(a_number())
        assert (await caller.until_ended(WITHIN_S)).status == 486
        await sent_again(world, 3)
        await over_once_it_is_looked_at(world)
        sent = world.sent("DeleteRoom")
        await asyncio.sleep(3 * REPEAT_END_S)
        assert world.sent("DeleteRoom") <= sent + 1, "one may have been on its way"


def unheard(world: Answered) -> None:
    """Let no event tell that a call is over."""
    for event in ("participant_left", "room_finished"):
        world.lk.webhooks.faults.add(Fault(event, FaultKind.LOST, times=None))


async def sent_again(world: Answered, times: int) -> None:
    """Wait until the end of the room was asked for so often."""

    async def look() -> bool | None:
        return world.sent("DeleteRoom") >= times or None

    await eventually(look)


async def over_once_it_is_looked_at(world: Answered) -> None:
    """Poll until the record of the only call, which nobody's number got, says how it ended."""

    async def look() -> bool | None:
        await world.deciders[0].poll()
        query = CallQuery()
        page = await world.db.read(list_unmatched, world.actor.organization_id, query)
        (call,) = page.calls
        return call.ended_ms is not None or None

    await eventually(look)
    query = CallQuery()
    (call,) = (await world.db.read(list_unmatched, world.actor.organization_id, query)).calls
    assert call.end_reason is EndReason.UNKNOWN_NUMBER
