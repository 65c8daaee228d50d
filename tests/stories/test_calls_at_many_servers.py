"""Several servers hear of the same calls: however many decide, one record and one agent each."""

import os
from collections.abc import Callable

import pytest

from cordboard.calls.model import CallState, EndReason
from tests.conftest import TRIED
from tests.support.switchboard import all_answered, all_hang_up, switchboard

CALLS = int(os.environ.get("CALLS", "200"))
"""For each database: ``CALLS=1000 make test ARGS=tests/stories/test_calls_at_many_servers.py``."""

AT_ONCE = 20
SERVERS = 3


@pytest.mark.long(reason=f"{CALLS} calls whose every event goes to 3 servers", seconds=120 + CALLS)
async def test_each_event_at_three_servers_makes_one_record_and_brings_one_agent(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    async with switchboard(database_url, SERVERS) as board:
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
