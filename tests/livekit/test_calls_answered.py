"""A call to a registered number is answered by its agent, and its record says how it went."""

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.routing.topology import Layer
from cordboard.simulated.livekit import Behaviour
from tests.support.answered import FROM, answered
from tests.support.builders import a_number

WITHIN_S = 10


def has_ended(call: Call) -> bool:
    return call.ended_ms is not None


async def test_a_call_reaches_the_agent_of_its_number_and_is_recorded(database_url: str) -> None:
    async with answered(database_url) as world:
        desk, unnamed = world.lk.register_worker("desk"), world.lk.register_worker("")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        up = await world.record(lambda call: call.state is CallState.ANSWERED)
        assert up.target is not None
        assert (up.target.agent_id, up.leg.caller) == ("desk", FROM)
        caller.hang_up()
        call = await world.record(has_ended)
        assert call.end_reason is EndReason.CALLER_HUNG_UP
        assert call.answered_ms is not None
        assert call.ended_ms is not None
        assert call.started_ms <= call.answered_ms <= call.ended_ms
        assert [job.metadata for job in desk.jobs] == [call.target and call.target.metadata]
        assert unnamed.jobs == []
        assert world.sent("CreateDispatch") == 1


async def test_a_call_to_a_number_that_nobody_has_is_refused_and_recorded(
    database_url: str,
) -> None:
    async with answered(database_url) as world:
        unnamed = world.lk.register_worker("")
        caller = await world.call(a_number())
        ended = await caller.until_ended(WITHIN_S)
        assert ended.status == 486
        assert unnamed.jobs == []
        assert world.lk.rooms.by_name == {}


async def test_an_unbound_number_is_refused_and_recorded_with_its_organization(
    database_url: str,
) -> None:
    async with answered(database_url) as world:
        number = await world.register(None)
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        call = await world.record(has_ended)
        assert (call.end_reason, call.is_unmatched) == (EndReason.UNBOUND_NUMBER, True)


async def test_a_call_that_no_worker_takes_is_ended(database_url: str) -> None:
    async with answered(database_url) as world:
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert (await world.record(has_ended)).end_reason is EndReason.NO_AGENT


async def test_a_call_whose_agent_stays_silent_is_ended(database_url: str) -> None:
    async with answered(database_url) as world:
        world.lk.register_worker("desk", behaviour=Behaviour(audio_after_s=None))
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        assert (await caller.until_ended(WITHIN_S)).status == 486
        assert (await world.record(has_ended)).end_reason is EndReason.AGENT_SILENT


async def test_a_call_whose_agent_leaves_is_ended(database_url: str) -> None:
    async with answered(database_url) as world:
        world.lk.register_worker("desk", behaviour=Behaviour(leaves_after_s=0.5))
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        await caller.until_ended(WITHIN_S)
        assert (await world.record(has_ended)).end_reason is EndReason.AGENT_GONE


async def test_a_caller_who_gives_up_is_recorded_so(database_url: str) -> None:
    async with answered(database_url) as world:
        world.lk.register_worker("desk", behaviour=Behaviour(joins_after_s=None))
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await world.record()
        caller.hang_up()
        call = await world.record(has_ended)
        assert (call.end_reason, call.answered_ms) == (EndReason.CALLER_GAVE_UP, None)


async def test_a_call_that_livekit_routed_alone_is_recorded_and_nobody_else_is_sent_for(
    database_url: str,
) -> None:
    async with answered(database_url, Layer.DEDICATED) as world:
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        await world.reconcile()
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        caller.hang_up()
        call = await world.record(has_ended)
        assert (call.is_decided_here, call.end_reason) == (False, EndReason.CALLER_HUNG_UP)
        assert call.answered_ms is not None
        assert len(desk.jobs) == 1
        assert world.sent("CreateDispatch") == 0


async def test_without_events_the_poller_answers(database_url: str) -> None:
    async with answered(database_url, events=False) as world:
        world.lk.register_worker("desk")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        refused = await world.call(a_number())
        assert (await refused.until_ended(WITHIN_S)).status == 486
        caller.hang_up()
        call = await world.record(has_ended)
        assert call.answered_ms is not None
        assert world.sent("CreateDispatch") == 1
