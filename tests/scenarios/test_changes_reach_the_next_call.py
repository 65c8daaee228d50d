"""What is changed holds for the next call, and never touches one that rings or is up."""

import pytest

from cordboard.simulated.livekit import Behaviour
from tests.scenarios.cordboard import is_answered
from tests.scenarios.stage import WITHIN_S, Stage
from tests.support.answered import eventually

NUMBER = "+14155550100"
SLOW = Behaviour(joins_after_s=0.8, audio_after_s=0)


async def test_the_next_call_goes_to_another_agent_and_a_running_one_is_untouched(
    stage: Stage,
) -> None:
    desk, bell = await stage.worker("desk"), await stage.worker("bell")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    first = await stage.answered_call(NUMBER)
    await stage.cordboard.change(NUMBER, inbound_agent_id="bell")
    await stage.cordboard.until_ready(NUMBER)
    await stage.answered_call(NUMBER)
    assert (len(desk.jobs), len(bell.jobs)) == (1, 1)
    assert [message for _, message in first.ladder][-1] == "200"


async def test_a_call_right_after_a_change_goes_to_the_agent_of_now(stage: Stage) -> None:
    await stage.worker("desk", behaviour=SLOW)
    bell = await stage.worker("bell", behaviour=SLOW)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    await stage.cordboard.change(NUMBER, inbound_agent_id="bell")
    await stage.answered_call(NUMBER)
    record = await stage.cordboard.record()
    assert (record["agent_id"], len(bell.jobs)) == ("bell", 1)


async def test_the_next_call_goes_to_another_version(stage: Stage) -> None:
    blue, green = await stage.worker("desk", "blue"), await stage.worker("desk", "green")
    agent_id = await stage.cordboard.create_agent("desk", "blue")
    await stage.cordboard.create(NUMBER, inbound_agent_id=agent_id)
    await stage.cordboard.until_ready(NUMBER)
    version = await stage.cordboard.create_version(agent_id, "green")
    await stage.cordboard.change(NUMBER, inbound_agent_version=version)
    await stage.cordboard.until_ready(NUMBER)
    await stage.answered_call(NUMBER)
    assert (len(blue.jobs), len(green.jobs)) == (0, 1)


@pytest.mark.parametrize("is_ready", [False, True], ids=["catch-all", "own pair"])
async def test_a_ringing_call_is_untouched_by_a_change(stage: Stage, *, is_ready: bool) -> None:
    desk, bell = await stage.worker("desk", behaviour=SLOW), await stage.worker("bell")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    if is_ready:
        await stage.cordboard.until_ready(NUMBER)
    caller = stage.a_caller()
    line = await stage.call(NUMBER, from_=caller)

    async def rings() -> bool | None:
        events = {event.event for event in stage.events.of_room_with(caller)}
        return (bool(desk.jobs) and "participant_joined" in events) or None

    await eventually(rings)
    await stage.cordboard.change(NUMBER, inbound_agent_id="bell")
    await line.until_answered(WITHIN_S)
    assert (len(desk.jobs), bell.jobs) == (1, [])
    assert (await stage.cordboard.record(is_answered))["agent_id"] == "desk"


async def test_after_a_deletion_the_next_call_is_refused_and_nothing_is_left(stage: Stage) -> None:
    desk = await stage.worker("desk")
    before = await stage.trunks_and_rules()
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    cleanup = await stage.cordboard.delete(NUMBER)
    assert cleanup == {"dispatch_rule": True, "inbound_trunk": True, "outbound_trunk": True}
    assert await stage.trunks_and_rules() == before
    line = await stage.call(NUMBER)
    assert (await line.until_ended(WITHIN_S)).status == 486
    assert desk.jobs == []
