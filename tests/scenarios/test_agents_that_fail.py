"""An agent that does not do its part is replaced by the fallback agent, or the call ends.

That two agents can never be heard at once is held at the end of every scenario.
"""

import pytest

from cordboard.simulated.livekit import Behaviour
from tests.scenarios.cordboard import has_ended, is_answered
from tests.scenarios.stage import JOINED_S, SILENT, WITHIN_S, Stage, is_heard
from tests.support.answered import eventually

NUMBER = "+14155550100"
NEVER_JOINS = Behaviour(joins_after_s=None)
LEAVES = Behaviour(joins_after_s=0, audio_after_s=0, leaves_after_s=1.5)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(None, "no_agent"), (NEVER_JOINS, "no_agent"), (SILENT, "agent_silent")],
    ids=["no worker", "never joins", "silent"],
)
async def test_a_call_without_an_agent_that_can_be_heard_is_ended(
    stage: Stage, behaviour: Behaviour | None, reason: str
) -> None:
    if behaviour is not None:
        await stage.worker("desk", behaviour=behaviour)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    line = await stage.call(NUMBER)
    assert (await line.until_ended(WITHIN_S)).status == 486
    await stage.cordboard.record(has_ended(reason))
    await stage.until_no_room_is_left()


async def test_a_call_whose_agent_leaves_is_ended(stage: Stage) -> None:
    await stage.worker("desk", behaviour=LEAVES)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    line = await stage.answered_call(NUMBER)
    await line.until_ended(WITHIN_S)
    await stage.cordboard.record(has_ended("agent_gone"))


@pytest.mark.parametrize("is_ready", [False, True], ids=["catch-all", "own pair"])
@pytest.mark.parametrize(
    "behaviour",
    [None, NEVER_JOINS, SILENT, LEAVES],
    ids=["no worker", "never joins", "silent", "leaves"],
)
async def test_the_fallback_agent_takes_over(
    stage: Stage, behaviour: Behaviour | None, *, is_ready: bool
) -> None:
    bell = await stage.worker("bell")
    if behaviour is not None:
        await stage.worker("desk", behaviour=behaviour)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk", fallback_agent_id="bell")
    if is_ready:
        await stage.cordboard.until_ready(NUMBER)
    line = await stage.answered_call(NUMBER)

    async def bell_is_heard() -> bool | None:
        return True if any(stage.events.was_heard(job.identity) for job in bell.jobs) else None

    await eventually(bell_is_heard)
    line.hang_up()
    record = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert record["agent_id"] == "bell"
    assert is_answered(record)
    assert len(bell.jobs) == 1


@pytest.mark.parametrize("off_s", [-0.05, 0, 0.05])
async def test_of_an_agent_that_comes_at_its_deadline_and_the_fallback_one_answers(
    stage: Stage, off_s: float
) -> None:
    late = Behaviour(joins_after_s=JOINED_S + off_s, audio_after_s=0)
    desk, bell = await stage.worker("desk", behaviour=late), await stage.worker("bell")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk", fallback_agent_id="bell")
    line = await stage.answered_call(NUMBER)
    line.hang_up()
    record = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert record["agent_id"] in {"desk", "bell"}
    assert len(desk.jobs) == 1
    assert len(bell.jobs) <= 1


@pytest.mark.parametrize("off_s", [-0.05, 0, 0.05])
async def test_an_agent_that_comes_at_its_deadline_answers_or_the_call_ends(
    stage: Stage, off_s: float
) -> None:
    late = Behaviour(joins_after_s=JOINED_S + off_s, audio_after_s=0)
    await stage.worker("desk", behaviour=late)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    line = await stage.call(NUMBER)
    was_answered = await is_heard(line)
    line.hang_up()
    assert (await line.until_ended(WITHIN_S)).status == (200 if was_answered else 486)
    await stage.cordboard.record(has_ended("caller_hung_up", "no_agent", "agent_silent"))
