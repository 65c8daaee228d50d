"""A probe says who would come, in a room of its own that leaves nothing behind."""

import json

import pytest

from cordboard.simulated.livekit import Behaviour
from tests.scenarios.cordboard import Record
from tests.scenarios.stage import SILENT, Stage

LEAVES_AT_ONCE = Behaviour(joins_after_s=0, audio_after_s=None, leaves_after_s=0.3)
NEVER_JOINS = Behaviour(joins_after_s=None)


async def probed(stage: Stage, agent_id: str) -> Record:
    answer = await stage.cordboard.request("POST", f"/api/agents/{agent_id}/probe")
    found: Record = answer.data
    return found


async def test_a_worker_of_the_deployment_answers_and_no_other_does(stage: Stage) -> None:
    blue, plain = await stage.worker("desk", "blue", SILENT), await stage.worker("desk")
    found = await probed(stage, await stage.cordboard.create_agent("desk", "blue"))
    assert found["is_served"] is True
    (job,) = blue.jobs
    assert found["agent_identity"] in {job.identity, None}
    assert json.loads(job.metadata)["probe"] is True
    missing = await probed(stage, await stage.cordboard.create_agent("desk", "red"))
    assert (missing["is_served"], missing["worker_id"]) == (False, None)
    assert (len(blue.jobs), list(plain.jobs)) == (1, [])
    await stage.until_no_room_is_left()
    assert (await stage.cordboard.request("GET", "/api/calls")).data["calls"] == []


@pytest.mark.parametrize(
    ("behaviour", "is_served"),
    [(LEAVES_AT_ONCE, True), (NEVER_JOINS, False)],
    ids=["leaves at once", "never joins"],
)
async def test_who_has_joined_has_served_however_soon_it_leaves(
    stage: Stage, behaviour: Behaviour, *, is_served: bool
) -> None:
    await stage.worker("desk", behaviour=behaviour)
    found = await probed(stage, await stage.cordboard.create_agent("desk"))
    assert found["is_served"] is is_served
    await stage.until_no_room_is_left()
