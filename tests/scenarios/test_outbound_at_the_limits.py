"""Calls out when a server dies under them, when too many are asked for, and where none may go."""

import pytest

from cordboard.simulated.livekit import Behaviour, Outcome
from tests.scenarios.cordboard import Record, is_answered
from tests.scenarios.stage import Stage
from tests.scenarios.test_outbound_calls import CALLEE, NUMBER, PATH, call_out, may_call_out
from tests.support.answered import eventually

COMES_SLOWLY = Behaviour(joins_after_s=1.0, audio_after_s=0)
RINGS_FOR_S = "5"
AT_ONCE = 30
FORBIDDEN = ("+19005550100", "+18765550100", "+881612345678", "+442079460000", "+911")


def is_over(record: Record) -> bool:
    """Whether a call has ended, whatever its reason."""
    return bool(record["end_timestamp"])


async def killed_once(stage: Stage, when: str) -> None:
    """Kill the server when its call has come so far, and start it again."""

    async def look() -> bool | None:
        if when == "ringing":
            return bool(stage.dialled) or None
        (call,) = (await stage.cordboard.request("GET", "/api/calls")).data["calls"]
        record = (await stage.cordboard.request("GET", f"/api/calls/{call['call_id']}")).data
        return is_answered(record) or None

    if when != "just asked for":
        await eventually(look)
    await stage.cordboard.kill()
    await stage.cordboard.start(CORDBOARD_RINGING_TIMEOUT=RINGS_FOR_S)


@pytest.mark.parametrize("when", ["just asked for", "ringing", "up"])
async def test_a_server_that_is_killed_dials_once_at_most(stage: Stage, when: str) -> None:
    await stage.cordboard.restart(CORDBOARD_RINGING_TIMEOUT=RINGS_FOR_S)
    await stage.worker("desk", behaviour=COMES_SLOWLY)
    await may_call_out(stage)
    await stage.set_callee(CALLEE, Outcome(after_s=1.0, hangs_up_after_s=6.0))
    call_id = await call_out(stage)
    await killed_once(stage, when)
    record = await stage.cordboard.record(is_over)
    assert record["call_id"] == call_id
    assert len(stage.dialled) <= 1
    assert len(stage.dialled) == 1 or not is_answered(record)
    await stage.until_no_room_is_left()


async def test_of_many_calls_asked_for_at_once_as_many_as_may_be_are_dialled(stage: Stage) -> None:
    await stage.worker("desk")
    await may_call_out(stage)
    organization = (await stage.cordboard.request("GET", "/api/phone-numbers")).data
    guards = f"/api/organizations/{organization['organization_id']}/outbound-guards"
    await stage.cordboard.request("PATCH", guards, {"max_concurrent_calls": 1})
    body = {"from_number": NUMBER, "to_number": CALLEE}
    answers = await stage.cordboard.requests_at_once("POST", PATH, body, AT_ONCE)
    assert sorted(answer.status for answer in answers) == [200, *[429] * (AT_ONCE - 1)]
    await stage.cordboard.record(is_answered)
    assert len(stage.dialled) == 1


async def test_nobody_is_dialled_where_calls_may_not_go(stage: Stage) -> None:
    desk = await stage.worker("desk")
    await may_call_out(stage)
    bodies = [{"from_number": NUMBER, "to_number": to} for to in FORBIDDEN]
    bodies.append({"from_number": "+14155550199", "to_number": CALLEE})
    asked = [await stage.cordboard.request("POST", PATH, body) for body in bodies]
    assert {answer.status for answer in asked} <= {400, 403, 404}
    assert (list(stage.dialled), desk.jobs) == ([], [])
