"""A call that is asked for ahead of its time is dialled when it comes, once, and not before."""

import time
from typing import Any

from cordboard.calls.model import CallState, EndReason
from cordboard.calls.outbound.reservations import change_guards
from cordboard.simulated.livekit import Outcome
from tests.support.outbound import CALLEE, Outbound, outbound

CREATE = "/api/calls/create-phone-call"


KEY = {"Idempotency-Key": "one"}


async def scheduled(calls: Outbound, in_s: int) -> tuple[int, Any]:
    """Ask for a call in some seconds; return when it is due and what was answered."""
    at_s = int(time.time()) + in_s
    return at_s, await asked_for(calls, at_s)


async def asked_for(calls: Outbound, at_s: int) -> Any:  # noqa: ANN401 - as the wire has it
    """Ask for a call at a time, always under the same key."""
    body = {
        "from_number": calls.number.phone_number,
        "to_number": CALLEE,
        "scheduled_timestamp": at_s,
    }
    status, answer = await calls.ask("POST", CREATE, body, KEY)
    assert status == 200, answer
    return answer["data"]


async def test_a_scheduled_call_is_dialled_when_it_is_due(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.answers(Outcome(486))
        at_s, data = await scheduled(calls, 3)
        assert (data["status"], data["call"]["call_status"]) == ("call_scheduled", "SCHEDULED")
        assert data["phone_call_info"]["call_status"] == "scheduled"
        assert calls.invites == 0
        call = await calls.world.record(lambda call: call.ended_ms is not None)
        assert call.call_id == data["call"]["call_id"]
        assert call.end_reason is EndReason.BUSY
        assert call.dial is not None
        assert call.dial.intent_ms is not None
        assert call.dial.intent_ms >= at_s * 1000
        assert await asked_for(calls, at_s) == data
        assert calls.invites == 1


async def test_a_scheduled_call_that_is_stopped_when_it_is_due_is_not_dialled(
    database_url: str,
) -> None:
    async with outbound(database_url) as calls:
        world = calls.world
        world.lk.register_worker("desk")
        await scheduled(calls, 2)
        await world.db.write(change_guards, world.actor, {"is_stopped": True})
        call = await world.record(lambda call: call.state is CallState.ENDED)
        assert call.end_reason is EndReason.REFUSED
        assert call.schedule is not None
        assert call.schedule.refusal == "call.stopped"
        assert (calls.invites, world.sent("CreateDispatch")) == (0, 0)
