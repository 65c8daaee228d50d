"""A number is callable the moment its create answers, and its record says how the call went."""

import json

from tests.scenarios.cordboard import has_ended, is_answered
from tests.scenarios.stage import WITHIN_S, Stage

NUMBER = "+14155550100"


async def test_a_number_rings_its_agent_at_once_through_the_catch_all(stage: Stage) -> None:
    desk = await stage.worker("desk")
    caller = stage.a_caller()
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    line = await stage.call(NUMBER, from_=caller)
    await line.until_answered(WITHIN_S)
    await stage.cordboard.record(is_answered)
    line.hang_up()
    await line.until_ended(WITHIN_S)
    record = await stage.cordboard.record(has_ended)
    (job,) = desk.jobs
    metadata = json.loads(job.metadata)
    assert (metadata["phone_number"], metadata["direction"]) == (NUMBER, "inbound")
    assert (record["agent_id"], record["from_number"], record["to_number"]) == (
        "desk",
        caller,
        NUMBER,
    )
    assert record["end_reason"] == "caller_hung_up"
    times = [record[f"{name}_timestamp"] for name in ("start", "answered", "end")]
    assert times == sorted(times)
