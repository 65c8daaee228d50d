"""A number is callable the moment its create answers, and its record says how the call went."""

import json

import pytest

from tests.scenarios.cordboard import has_ended, is_answered
from tests.scenarios.stage import WITHIN_S, Stage

NUMBER = "+14155550100"
HOUR_MS = 3_600_000


async def test_a_number_rings_its_agent_as_soon_as_it_is_registered(stage: Stage) -> None:
    blue, plain = await stage.worker("desk", "blue"), await stage.worker("desk")
    agent_id = await stage.cordboard.create_agent("desk", "blue")
    caller = stage.a_caller()
    await stage.cordboard.create(NUMBER, inbound_agent_id=agent_id)
    line = await stage.answered_call(NUMBER, caller)
    await stage.cordboard.record(is_answered)
    line.hang_up()
    await line.until_ended(WITHIN_S)
    record = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert (record["agent_id"], record["agent_version"]) == (agent_id, 1)
    assert (record["from_number"], record["to_number"]) == (caller, NUMBER)
    times = [record[f"{name}_timestamp"] for name in ("start", "answered", "end")]
    assert times == sorted(times)
    (job,) = blue.jobs
    metadata = json.loads(job.metadata)
    assert (metadata["phone_number"], metadata["direction"]) == (NUMBER, "inbound")
    assert (metadata["agent_id"], metadata["agent_version"]) == (agent_id, 1)
    assert (job.deployment, plain.jobs) == ("blue", [])
    assert [message for _, message in line.ladder] == ["INVITE", "100", "180", "200", "BYE"]


async def test_its_own_pair_rings_the_bound_version_and_the_record_is_complete(
    stage: Stage,
) -> None:
    blue, plain = await stage.worker("desk", "blue"), await stage.worker("desk")
    agent_id = await stage.cordboard.create_agent("desk", "blue")
    await stage.cordboard.create(NUMBER, inbound_agent_id=agent_id)
    number = await stage.cordboard.until_ready(NUMBER)
    standing = await stage.trunks_and_rules()
    assert {number["inbound_trunk_id"], number["dispatch_rule_id"]} <= set(standing)
    line = await stage.answered_call(NUMBER)
    line.hang_up()
    record = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert (record["agent_id"], record["agent_version"]) == (agent_id, 1)
    assert is_answered(record)
    (job,) = blue.jobs
    metadata = json.loads(job.metadata)
    # LiveKit routed it alone, so nothing of Cordboard's could name the call.
    assert "call_id" not in metadata
    assert (metadata["agent_id"], metadata["agent_version"]) == (agent_id, 1)
    assert (job.deployment, plain.jobs) == ("blue", [])


@pytest.mark.parametrize("dialled", ["14155550100", "+1 (415) 555-0100"])
async def test_a_carrier_may_write_the_number_in_its_own_way(stage: Stage, dialled: str) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    await stage.answered_call(dialled)
    assert len(desk.jobs) == 1


async def test_a_number_rings_while_cordboard_is_stopped_and_the_call_is_recorded_afterwards(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    await stage.cordboard.kill()
    over, up = stage.a_caller(), stage.a_caller()
    begun_and_ended = await stage.answered_call(NUMBER, over)
    begun_and_ended.hang_up()
    await begun_and_ended.until_ended(WITHIN_S)
    line = await stage.answered_call(NUMBER, up)
    await stage.cordboard.seem_away(HOUR_MS)
    await stage.cordboard.start()
    await stage.cordboard.record(is_answered, from_=up)
    line.hang_up()
    record = await stage.cordboard.record(has_ended("caller_hung_up"), from_=up)
    assert record["agent_id"] == "desk"
    assert len(desk.jobs) == 2
    told, doctors = await stage.cordboard.not_recorded()
    assert f"no server ran from {told['began_at']} to {told['ended_at']}" in doctors
