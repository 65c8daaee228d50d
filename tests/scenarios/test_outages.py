"""Redis, LiveKit's events and Cordboard itself may fail; the number rings all the same."""

import asyncio
import json

import pytest
from livekit import api

from tests.scenarios.cordboard import has_ended
from tests.scenarios.stage import WITHIN_S, Stage, is_heard
from tests.support.answered import eventually

NUMBER = "+14155550100"
PAIRS = 300
REBUILT_WITHIN_S = 60


async def taken(stage: Stage) -> dict[str, str]:
    """Return the numbers that a trunk and a rule at LiveKit take, and whom each rule sends for.

    The catch-all takes the number "".
    """
    rules = await stage.livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
    trunks = await stage.livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
    numbers = {trunk.sip_trunk_id: trunk.numbers or [""] for trunk in trunks.items}
    return {
        number: rule.room_config.agents[0].agent_name
        for rule in rules.items
        for trunk_id in rule.trunk_ids
        for number in numbers.get(trunk_id, [])
    }


async def until_all_have_their_pairs(stage: Stage, numbers: list[str]) -> None:
    """Wait until every number rings its agent without Cordboard."""
    wanted = dict.fromkeys(numbers, "desk")
    async with asyncio.timeout(REBUILT_WITHIN_S):
        while True:
            if wanted.items() <= (await taken(stage)).items():
                return
            await asyncio.sleep(0.2)


async def until_a_room_opens(stage: Stage, number: str) -> None:
    """Call until LiveKit opens a room: that its servers are there was in Redis, too."""

    async def is_answered() -> bool | None:
        return await is_heard(await stage.call(number)) or None

    await eventually(is_answered)


@pytest.mark.long(reason=f"makes {PAIRS} pairs, and makes them anew", seconds=240)
async def test_after_redis_has_lost_everything_each_number_rings_and_its_pair_is_rebuilt(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    numbers = [f"+1415555{place:04}" for place in range(PAIRS)]
    for number in numbers:
        await stage.cordboard.create(number, inbound_agent_id="desk")
    await until_all_have_their_pairs(stage, numbers)
    lost = set(await stage.trunks_and_rules())
    await stage.flush()

    async def has_catch_all() -> bool | None:
        return "" in await taken(stage) or None

    await eventually(has_catch_all)
    rebuilding = asyncio.create_task(until_all_have_their_pairs(stage, numbers))
    await until_a_room_opens(stage, numbers[0])
    for number in (numbers[0], numbers[PAIRS // 2], numbers[-1]):
        await stage.answered_call(number)
    await rebuilding
    assert not set(await stage.trunks_and_rules()) & lost
    await stage.answered_call(numbers[-1])
    rang = [json.loads(job.metadata)["phone_number"] for job in desk.jobs[-4:]]
    assert rang == [numbers[0], numbers[PAIRS // 2], numbers[-1], numbers[-1]]


async def test_events_that_come_three_times_make_one_record_and_bring_one_agent(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    stage.events.copies = 3
    line = await stage.answered_call(NUMBER)
    line.hang_up()
    await stage.cordboard.record(has_ended("caller_hung_up"))
    answer = await stage.cordboard.request("GET", "/api/calls")
    assert (len(answer.data["calls"]), len(desk.jobs)) == (1, 1)


async def test_a_call_that_rings_when_cordboard_dies_is_answered_by_the_next_one(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    # Without pairs, nobody but Cordboard sends for the agent.
    await stage.cordboard.restart(CORDBOARD_LIVEKIT_TOPOLOGY="shared")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    stage.events.targets.clear()
    line = await stage.call(NUMBER)

    async def rings() -> bool | None:
        return True if stage.events.open_rooms else None

    await eventually(rings)
    await stage.cordboard.kill()
    await stage.cordboard.start(CORDBOARD_LIVEKIT_TOPOLOGY="shared")
    await line.until_answered(WITHIN_S)
    assert len(desk.jobs) == 1
