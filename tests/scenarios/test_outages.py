"""Redis, LiveKit's events and Cordboard itself may fail; the number rings all the same."""

from tests.scenarios.cordboard import has_ended, is_answered
from tests.scenarios.stage import WITHIN_S, Stage
from tests.support.answered import eventually

NUMBER = "+14155550100"
UNKNOWN = "+14155550199"
CATCH_ALL = PAIR = 2
"""A trunk and a rule."""


async def test_after_redis_has_lost_everything_each_number_rings_and_its_pair_is_rebuilt(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    await stage.cordboard.until_ready(NUMBER)
    lost = set(await stage.trunks_and_rules())
    await stage.flush()

    async def stand(count: int) -> None:
        async def look() -> bool | None:
            return True if len(set(await stage.trunks_and_rules()) - lost) >= count else None

        await eventually(look)

    await stand(CATCH_ALL)
    await stage.answered_call(NUMBER)
    await stand(CATCH_ALL + PAIR)
    await stage.answered_call(NUMBER)
    assert len(desk.jobs) == 2


async def test_without_events_calls_are_answered_refused_and_recorded_all_the_same(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    stage.events.targets.clear()
    line = await stage.answered_call(NUMBER)
    refused = await stage.call(UNKNOWN)
    assert (await refused.until_ended(WITHIN_S)).status == 486
    line.hang_up()
    # Who hung up is told by an event alone.
    record = await stage.cordboard.record(has_ended("connection_lost"))
    assert is_answered(record)
    assert len(desk.jobs) == 1


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
