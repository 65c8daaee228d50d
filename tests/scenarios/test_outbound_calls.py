"""A call out: the agent joins, the number is dialled once, and the record says what came of it."""

from uuid import uuid4

import pytest

from cordboard.simulated.livekit import Behaviour, Outcome
from tests.scenarios.cordboard import has_ended, is_answered
from tests.scenarios.stage import Stage

NUMBER = "+14155550100"
CALLEE = "+14155550123"
PATH = "/api/calls/create-phone-call"
NEVER_JOINS = Behaviour(joins_after_s=None)
RINGS_FOR_S = "5"
NOBODY_LISTENS = "127.0.0.1:9"


async def call_out(stage: Stage, to: str = CALLEE, key: str | None = None) -> str:
    """Ask for a call to a number; return its id."""
    body = {"from_number": NUMBER, "to_number": to}
    answer = await stage.cordboard.request("POST", PATH, body, {"Idempotency-Key": key})
    call_id: str = answer.data["call"]["call_id"]
    return call_id


async def may_call_out(stage: Stage, address: str | None = None) -> None:
    """Register a number that calls out as the desk, over the carrier or to an address."""
    trunk_id = await stage.outbound_trunk(NUMBER, address)
    await stage.cordboard.create(NUMBER, outbound_agent_id="desk", outbound_trunk_id=trunk_id)


def only_once(stage: Stage) -> bool:
    """Whether one INVITE went out, with the number as the caller's."""
    return [(invite.from_, invite.to) for invite in stage.dialled] == [(NUMBER, CALLEE)]


async def test_a_call_is_answered_and_ends_when_the_callee_hangs_up(stage: Stage) -> None:
    desk = await stage.worker("desk")
    await may_call_out(stage)
    await stage.set_callee(CALLEE, Outcome(after_s=0.2, hangs_up_after_s=0.8))
    call_id = await call_out(stage)
    record = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert (record["call_id"], record["direction"]) == (call_id, "OUTBOUND")
    assert record["agent_id"] == "desk"
    assert is_answered(record)
    assert only_once(stage)
    assert len(desk.jobs) == 1


@pytest.mark.parametrize(
    ("status", "reason"), [(486, "busy"), (603, "declined"), (404, "not_found")]
)
async def test_a_call_that_is_refused_says_so(stage: Stage, status: int, reason: str) -> None:
    await stage.worker("desk")
    await may_call_out(stage)
    await stage.set_callee(CALLEE, Outcome(status, after_s=0.2))
    await call_out(stage)
    assert not is_answered(await stage.cordboard.record(has_ended(reason)))
    assert only_once(stage)
    await stage.until_no_room_is_left()


@pytest.mark.parametrize("address", [None, NOBODY_LISTENS], ids=["rings", "nobody listens"])
async def test_a_call_that_nobody_answers_ends_after_the_ringing_timeout(
    stage: Stage, address: str | None
) -> None:
    await stage.worker("desk")
    await stage.cordboard.restart(CORDBOARD_RINGING_TIMEOUT=RINGS_FOR_S)
    await may_call_out(stage, address)
    await stage.set_callee(CALLEE, Outcome(None))
    await call_out(stage)
    assert not is_answered(await stage.cordboard.record(has_ended("no_answer")))
    # Where nobody listens, no INVITE arrives at any far end that is a real one.
    assert only_once(stage) or (address and not stage.dialled)
    await stage.until_no_room_is_left()


@pytest.mark.parametrize("behaviour", [None, NEVER_JOINS], ids=["no worker", "never joins"])
async def test_without_an_agent_nobody_is_dialled(
    stage: Stage, behaviour: Behaviour | None
) -> None:
    if behaviour is not None:
        await stage.worker("desk", behaviour=behaviour)
    await may_call_out(stage)
    await call_out(stage)
    await stage.cordboard.record(has_ended("no_agent"))
    assert not stage.dialled
    await stage.until_no_room_is_left()


async def test_a_call_into_a_number_of_ones_own_is_two_calls(stage: Stage) -> None:
    desk, bell = await stage.worker("desk"), await stage.worker("bell")
    await may_call_out(stage)
    await stage.cordboard.create(CALLEE, inbound_agent_id="bell")
    await stage.cordboard.until_ready(CALLEE)
    await stage.set_callee(CALLEE, Outcome(is_looped=True))
    call_id = await call_out(stage)

    await stage.cordboard.record(lambda it: it["call_id"] == call_id and is_answered(it))
    await stage.cordboard.request("POST", f"/api/calls/{call_id}/end")
    out = await stage.cordboard.record(has_ended("ended_by_request"))
    came_in = await stage.cordboard.record(has_ended("caller_hung_up"))
    assert (out["direction"], came_in["direction"]) == ("OUTBOUND", "INBOUND")
    assert (len(desk.jobs), len(bell.jobs)) == (1, 1)
    assert only_once(stage)


async def test_a_repeated_request_makes_one_call(stage: Stage) -> None:
    await stage.worker("desk")
    await may_call_out(stage)
    await stage.set_callee(CALLEE, Outcome(486, after_s=0.2))
    key = str(uuid4())
    calls = {await call_out(stage, key=key) for _ in range(3)}
    await stage.cordboard.record(has_ended("busy"))
    assert len(calls) == 1
    assert only_once(stage)
