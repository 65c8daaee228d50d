"""A call that comes by a number's own rule of before the last change is decided as it is now."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from livekit import api

from cordboard.calls.model import EndReason
from cordboard.numbers.model import Number
from cordboard.numbers.operations import update_number
from cordboard.routing import store
from cordboard.routing.topology import Layer
from cordboard.simulated.livekit import Behaviour
from tests.support.answered import Answered, answered, eventually
from tests.support.numbers import RULES

WITHIN_S = 15
SLOW = Behaviour(joins_after_s=0.5, audio_after_s=0)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Answered]:
    """A number's pair stands here once it is reconciled, and as long as it is not again."""
    async with answered(database_url, Layer.DEDICATED) as one:
        yield one


async def _change(world: Answered, number: Number, **fields: object) -> None:
    await world.db.write(update_number, world.actor, number.phone_number, fields, None, RULES)


async def _state(world: Answered, number: Number) -> store.NumberState:
    key = number.organization_id, number.registration_id
    state = await world.db.read(store.find_state, *key)
    assert state is not None
    return state


async def test_it_is_answered_by_the_agent_that_the_number_has_now(world: Answered) -> None:
    world.lk.register_worker("desk", behaviour=SLOW)
    bell = world.lk.register_worker("bell", behaviour=SLOW)
    number = await world.register("desk")
    await world.reconcile()
    await _change(world, number, inbound_agent_id="bell")
    caller = await world.call(number.phone_number)
    assert await caller.until_answered(WITHIN_S) in {job.identity for job in bell.jobs}
    caller.hang_up()
    call = await world.record(lambda it: it.ended_ms is not None)
    assert call.end_reason is EndReason.CALLER_HUNG_UP
    assert call.target is not None
    assert call.target.agent_id == "bell"


async def test_a_rule_that_was_replaced_while_the_call_was_on_its_way_counts_as_the_one_before(
    world: Answered,
) -> None:
    world.lk.register_worker("desk", behaviour=SLOW)
    bell = world.lk.register_worker("bell", behaviour=SLOW)
    number = await world.register("desk")
    await world.reconcile()
    rule_id = (await _state(world, number)).dispatch_rule_id or ""
    before = api.SIPDispatchRuleInfo()
    before.CopyFrom(world.lk.sip.rules[rule_id])
    await _change(world, number, inbound_agent_id="bell")
    await world.reconcile()
    world.lk.sip.rules[rule_id] = before
    caller = await world.call(number.phone_number)
    assert await caller.until_answered(WITHIN_S) in {job.identity for job in bell.jobs}


async def test_nobody_else_is_sent_for_when_the_agent_is_still_the_same(world: Answered) -> None:
    desk = world.lk.register_worker("desk")
    number = await world.register("desk")
    await world.reconcile()
    await _change(world, number, nickname="Front desk")
    caller = await world.call(number.phone_number)
    await caller.until_answered(WITHIN_S)
    assert len(desk.jobs) == 1
    assert world.sent("CreateDispatch") == 0


async def test_it_keeps_the_agent_that_livekit_has_sent_for_when_that_is_the_right_one(
    world: Answered,
) -> None:
    desk = world.lk.register_worker("desk", behaviour=SLOW)
    number = await world.register("bell")
    await world.reconcile()
    before = await _state(world, number)
    await _change(world, number, inbound_agent_id="desk")
    await world.reconcile()
    after = await _state(world, number)
    late = msgspec.structs.replace(after, answered_by=before.answered_by)
    await world.db.write(store.update_states, [late])
    caller = await world.call(number.phone_number)
    await caller.until_answered(WITHIN_S)
    assert (await world.record()).is_decided_here
    assert len(desk.jobs) == 1
    assert world.sent("CreateDispatch") == 0


async def test_a_call_that_rang_before_the_change_keeps_its_agent_however_late_it_is_recorded(
    database_url: str,
) -> None:
    async with answered(database_url, Layer.DEDICATED, events=False) as world:
        desk, bell = world.lk.register_worker("desk"), world.lk.register_worker("bell")
        number = await world.register("desk")
        await world.reconcile()
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        await _change(world, number, inbound_agent_id="bell")
        assert not (await world.record(lambda it: it.answered_ms is not None)).is_decided_here
        assert (len(desk.jobs), bell.jobs, caller.ended) == (1, [], None)


@pytest.mark.parametrize("agent", ["bell", None], ids=["bound anew", "unbound"])
async def test_a_call_that_rang_before_the_change_is_recorded_with_the_agent_it_rang(
    database_url: str, agent: str | None
) -> None:
    async with answered(database_url, Layer.DEDICATED, events=False) as world:
        world.lk.register_worker("desk", behaviour=SLOW)
        number = await world.register("desk")
        await world.reconcile()
        caller = await world.call(number.phone_number)

        async def is_in_its_room() -> bool | None:
            rooms = world.lk.rooms.by_name.values()
            return any(room.members for room in rooms) or None

        await eventually(is_in_its_room)
        await _change(world, number, inbound_agent_id=agent)
        await caller.until_answered(WITHIN_S)
        call = await world.record(lambda it: it.answered_ms is not None)
        assert call.target is not None
        assert (call.target.agent_id, call.is_decided_here) == ("desk", False)
        assert caller.ended is None
