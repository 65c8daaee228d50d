"""Agents come from well before to well after their deadline, and two servers hold them to it."""

import pytest

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.steps import Deadlines
from cordboard.simulated.livekit import Behaviour, Job
from tests.livekit.test_fallback import agents_by_room, never_two_agents
from tests.support.answered import eventually
from tests.support.switchboard import Switchboard, all_answered, all_hang_up, switchboard

DEADLINES = Deadlines(joined_ms=700, audio_ms=1_100, gone_ms=600)
LATE_MS = range(-60, 65, 5)
"""How long after its deadline each agent comes; of each there is one for every call."""


async def late_agents(board: Switchboard, which: str) -> list[str]:
    """Register a number for each agent, with a fallback that is always in time."""
    numbers: list[str] = []
    board.lk.register_worker("night")
    for late_ms in LATE_MS:
        joins_s, audio_s = (DEADLINES.joined_ms + late_ms) / 1000, 0.07
        if which == "is heard":
            joins_s, audio_s = 0.1, (DEADLINES.audio_ms - 100 + late_ms) / 1000
        agent = f"desk_{late_ms + 1000}"
        board.lk.register_worker(agent, behaviour=Behaviour(joins_s, audio_s))
        number = await board.register(agent, fallback_agent_id="night")
        numbers.append(number.phone_number)
    return numbers


@pytest.mark.parametrize("which", ["joins", "is heard"])
async def test_two_servers_at_a_deadline_never_bring_two_agents_together(
    database_url: str, which: str
) -> None:
    async with switchboard(database_url, 2, DEADLINES) as board:
        numbers = await late_agents(board, which)
        async with never_two_agents(board.lk):
            callers = [await board.call(number) for number in numbers]
            await all_answered(callers)
            await eventually(lambda: all_settled(board, len(callers)))
        sent = [(job.room, job.agent_name) for job in jobs_of(board).values()]
        assert len(set(sent)) == len(sent), "nobody was sent for twice"
        await all_hang_up(callers)
        await eventually(lambda: all_hung_up_on(board, len(callers)))


async def all_hung_up_on(board: Switchboard, count: int) -> bool | None:
    """Tell once so many callers are known to have hung up.

    A poller that sees a room gone before the event of it comes knows the reason only after that.
    """
    calls = await board.records()
    hung_up = [call for call in calls if call.end_reason is EndReason.CALLER_HUNG_UP]
    return len(hung_up) == count or None


def jobs_of(board: Switchboard) -> dict[str, Job]:
    """Return every job that a worker got, by the identity of its agent."""
    return {job.identity: job for worker in board.lk.workers.registered for job in worker.jobs}


async def all_settled(board: Switchboard, count: int) -> list[Call] | None:
    """Return the calls once in each the agent that is tried is the one in the room."""
    calls, jobs = await board.records(), jobs_of(board)
    rooms = agents_by_room(board.lk)
    talking = [
        call
        for call in calls
        if call.state is CallState.ANSWERED
        and call.target is not None
        and [jobs[each].agent_name for each in rooms.get(call.room, [])]
        == [call.target.livekit_agent_name]
    ]
    return calls if len(talking) == count else None
