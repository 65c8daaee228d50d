"""Refusals reach the caller: a room is never closed before its caller can be told."""

import asyncio

from cordboard.simulated.livekit import Fault, FaultKind
from tests.support.answered import answered
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
