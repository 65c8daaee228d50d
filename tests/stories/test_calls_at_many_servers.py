"""Several servers hear of the same calls: however many decide, one record and one agent each."""

import asyncio
import os
from collections.abc import Callable

import pytest

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.steps import Deadlines
from tests.conftest import TRIED
from tests.support.answered import eventually
from tests.support.builders import a_number
from tests.support.databases import make_template, postgres_clone, started_postgres
from tests.support.postgres_server import PostgresServer
from tests.support.switchboard import (
    PATIENCE_S,
    Switchboard,
    all_answered,
    all_hang_up,
    switchboard,
)

CALLS = int(os.environ.get("CALLS", "1000"))
"""For each database; ``CALLS=100`` for a quick look."""

AT_ONCE = 10
PATIENT = Deadlines(joined_ms=15_000, audio_ms=18_000)
"""A machine that is busy with other tests is not a worker that fails."""

SERVERS = 3


@pytest.mark.long(reason=f"{CALLS} calls whose every event goes to 3 servers", seconds=120 + CALLS)
async def test_each_event_at_three_servers_makes_one_record_and_brings_one_agent(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    async with switchboard(database_url, SERVERS, PATIENT) as board:
        desk = board.lk.register_worker("desk")
        number = await board.register("desk")
        for _ in range(CALLS // AT_ONCE):
            callers = [await board.call(number.phone_number) for _ in range(AT_ONCE)]
            await all_answered(callers)
            await all_hang_up(callers)
        records = await board.ended(CALLS)
        heard = {caller.answered_by for caller in board.lk.callers.calls}
        assert heard == {job.identity for job in desk.jobs}
        assert len({job.room for job in desk.jobs}) == len(desk.jobs) == len(heard) == CALLS
        assert board.sent("CreateDispatch") == CALLS
        assert len(records) == CALLS
        assert {(call.state, call.end_reason) for call in records} == {
            (CallState.ENDED, EndReason.CALLER_HUNG_UP)
        }
        record_property(TRIED, f"{len(records)} calls")


@pytest.mark.long(reason="100 calls of which no event arrives", seconds=120)
async def test_with_the_receiver_of_events_away_every_call_is_answered_or_ended_by_the_poller(
    database_url: str,
) -> None:
    async with switchboard(database_url, 1) as board:
        board.lk.webhooks.urls[:] = ["http://127.0.0.1:1/livekit/events"]
        desk = board.lk.register_worker("desk")
        number = await board.register("desk")
        for _ in range(4):
            answered = [await board.call(number.phone_number) for _ in range(20)]
            refused = [await board.call(a_number()) for _ in range(5)]
            await all_answered(answered)
            ends = await asyncio.gather(*(each.until_ended(PATIENCE_S) for each in refused))
            assert {end.status for end in ends} == {486}
            assert {tuple(each.messages) for each in refused} == {("INVITE", "100", "180", "486")}
            assert {tuple(each.messages) for each in answered} == {("INVITE", "100", "180", "200")}
            await all_hang_up(answered)
        records = await board.ended(80)
        assert len(records) == len(desk.jobs) == len({job.room for job in desk.jobs}) == 80
        assert all(call.answered_ms is not None for call in records)
        unmatched = await eventually(lambda: all_ended(board, 20))
        assert {call.end_reason for call in unmatched} == {EndReason.UNKNOWN_NUMBER}


@pytest.mark.long(reason="starts a PostgreSQL of its own, and again", seconds=120)
async def test_a_database_that_is_away_during_calls_costs_none_of_them() -> None:
    with started_postgres() as server:
        make_template(server)
        with postgres_clone(server) as url:
            async with switchboard(url, 2) as board:
                await calls_through_an_outage(board, server)


async def all_ended(board: Switchboard, count: int) -> list[Call] | None:
    """Return the calls to nobody's numbers once so many have ended."""
    calls = await board.unmatched()
    return calls if [call.ended_ms is not None for call in calls] == [True] * count else None


async def calls_through_an_outage(board: Switchboard, server: PostgresServer) -> None:
    desk = board.lk.register_worker("desk")
    number = await board.register("desk")
    up = [await board.call(number.phone_number) for _ in range(8)]
    await all_answered(up)
    await asyncio.to_thread(server.crash)
    late = [await board.call(number.phone_number) for _ in range(8)]
    await all_hang_up(up[:4])
    await asyncio.sleep(1)
    assert [caller.answered_by for caller in late] == [None] * len(late)
    await asyncio.to_thread(server.start)
    await all_answered(late)
    await all_hang_up([*up[4:], *late])
    records = await board.ended(len(up) + len(late))
    assert len(records) == len(desk.jobs) == len({job.room for job in desk.jobs}) == 16
    assert all(call.answered_ms is not None for call in records)
    assert {call.state for call in records} == {CallState.ENDED}
