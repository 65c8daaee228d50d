"""A server that dies while it makes a call: nobody's telephone ever rings twice."""

import asyncio

import pytest

from cordboard.simulated.livekit import Behaviour, Moment, Outcome
from tests.scenarios.cordboard import CALLS, Record, is_answered
from tests.scenarios.stage import WITHIN_S, Stage
from tests.scenarios.test_outbound_calls import CALLEE, call_out, may_call_out
from tests.support.answered import eventually
from tests.support.dial_points import ADOPTED, DONE, POINTS, Point

COMES_SLOWLY = Behaviour(joins_after_s=1.0, audio_after_s=0)
COMES = Behaviour(joins_after_s=0.3, audio_after_s=0)
"""Not before Cordboard has looked whom it has sent for."""

SETTINGS = {
    "CORDBOARD_RINGING_TIMEOUT": "5",
    "CORDBOARD_AGENT_JOIN_TIMEOUT": "15",
    "CORDBOARD_AGENT_AUDIO_TIMEOUT": "20",
}
"""A machine that is busy with starting servers is not a worker that fails."""

UNKNOWN_AFTER_S = 60
"""More than a dial takes at most, behind which it is known that nothing will be."""


async def dials_under_way(stage: Stage) -> int:
    """Return how many calls still count as under way."""
    organization = (await stage.cordboard.request("GET", "/api/phone-numbers")).data
    path = f"/api/organizations/{organization['organization_id']}/outbound-guards"
    usage = (await stage.cordboard.request("GET", path)).data["usage"]
    under_way: int = usage["concurrent_calls"]
    return under_way


@pytest.mark.parametrize("when", ["ringing", "up"])
async def test_a_server_that_is_killed_dials_once_at_most(stage: Stage, when: str) -> None:
    await stage.cordboard.restart(**SETTINGS)
    await stage.worker("desk", behaviour=COMES_SLOWLY)
    await may_call_out(stage)
    await stage.set_callee(CALLEE, Outcome(after_s=1.0, hangs_up_after_s=6.0))
    call_id = await call_out(stage)

    async def is_so_far() -> bool | None:
        if when == "ringing":
            return bool(stage.dialled) or None
        record = (await stage.cordboard.request("GET", f"{CALLS}/{call_id}")).data
        return is_answered(record) or None

    await eventually(is_so_far)
    await stage.cordboard.kill()
    await stage.cordboard.start()
    record = await stage.cordboard.record(lambda it: bool(it["end_timestamp"]))
    assert record["call_id"] == call_id
    assert len(stage.dialled) == 1
    await stage.until_no_room_is_left()


async def ended(stage: Stage, call_id: str, *, is_endless: bool) -> Record:
    """Return a call once it is over; one that nobody else ends is ended when it is answered."""
    async with asyncio.timeout(UNKNOWN_AFTER_S):
        while True:
            record: Record = (await stage.cordboard.request("GET", f"{CALLS}/{call_id}")).data
            if record["end_timestamp"]:
                return record
            if is_answered(record) and is_endless:
                await stage.cordboard.request("POST", f"{CALLS}/{call_id}/end")
            await asyncio.sleep(0.1)


@pytest.mark.long(reason="two servers, and what is not known is waited for", seconds=120)
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_a_server_that_is_killed_at_a_request_dials_once_at_most(
    stage: Stage, point: Point
) -> None:
    talks_s = None if point.reason == ADOPTED else 0.3
    await stage.set_callee(CALLEE, Outcome(after_s=0.5, hangs_up_after_s=talks_s))
    await stage.worker("desk", behaviour=COMES)
    async with stage.requests(**SETTINGS) as requests:
        is_dead = asyncio.Event()
        unsure_of = {point.unsure_of}

        async def kill(method: str, moment: Moment) -> bool:
            if method in unsure_of and moment is Moment.BEFORE_ANSWER:
                unsure_of.clear()
                return False
            if (method, moment) != point[:2]:
                return True
            requests.pass_everything_on()
            await stage.cordboard.kill()
            is_dead.set()
            return not point.is_lost

        await may_call_out(stage)
        requests.told = kill
        call_id = await call_out(stage)
        async with asyncio.timeout(WITHIN_S):
            await is_dead.wait()
        await stage.cordboard.start()
        record = await ended(stage, call_id, is_endless=point.reason == ADOPTED)
        # Who hung up is told by an event alone, which may come late or to a dead server.
        reasons = {point.reason, "connection_lost"} if point.reason == DONE else {point.reason}
        assert record["end_reason"] in reasons
        assert len(stage.dialled) == point.invites
        await stage.until_no_room_is_left()
        assert await dials_under_way(stage) == 0
