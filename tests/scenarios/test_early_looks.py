"""A call's agent is sent for while its caller still connects, as LiveKit does by itself."""

import pytest

from cordboard.simulated.livekit import Moment
from tests.scenarios.stage import Stage

NUMBER = "+14155550100"
TELLS_OF_ALL_ROOMS = "ListRooms"
TELL_OF_SOMEBODY = {"participant_joined", "track_published"}


async def is_nothing_of_the_poller(method: str, _moment: Moment) -> bool:
    """Return whether a request may pass that is not the poller's."""
    return method != TELLS_OF_ALL_ROOMS


@pytest.mark.on_both_databases
async def test_an_agent_is_sent_for_before_an_event_tells_of_the_caller(stage: Stage) -> None:
    desk = await stage.worker("desk")
    async with stage.requests(CORDBOARD_LIVEKIT_TOPOLOGY="shared") as requests:
        # Without a pair, nobody but Cordboard sends for the agent.
        await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
        requests.told = is_nothing_of_the_poller
        stage.events.lost = TELL_OF_SOMEBODY
        await stage.answered_call(NUMBER)
        record = await stage.cordboard.record()
        assert (record["agent_id"], record["to_number"]) == ("desk", NUMBER)
        assert len(desk.jobs) == 1
