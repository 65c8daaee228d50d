"""A carrier dials an alias: the call reaches the agent of its number."""

import pytest

from cordboard.calls.model import CallState
from cordboard.routing.model import Outcome, Step
from cordboard.routing.topology import Layer
from tests.support.answered import answered
from tests.support.builders import a_name
from tests.support.numbers import registered

WITHIN_S = 10


@pytest.mark.parametrize("layer", Layer)
async def test_a_call_to_an_alias_comes_by_the_catch_all_and_reaches_the_numbers_agent(
    database_url: str, layer: Layer
) -> None:
    async with answered(database_url, layer) as world:
        desk, unnamed = world.lk.register_worker("desk"), world.lk.register_worker("")
        alias = a_name("queue")
        number = await registered(world.db, world.actor, inbound_agent_id="desk", aliases=(alias,))
        await world.reconcile()
        caller = await world.call(alias)
        assert await caller.until_answered(WITHIN_S) == desk.jobs[0].identity
        call = await world.record(lambda call: call.state is CallState.ANSWERED)
        assert (call.is_decided_here, call.decision.phone_number) == (True, number.phone_number)
        (found,) = [each for each in call.decision.trace if each.step is Step.NUMBER]
        assert found.result is Outcome.FOUND
        assert "alias" in found.detail
        assert unnamed.jobs == []


async def test_a_call_to_a_name_that_is_no_alias_is_refused(database_url: str) -> None:
    async with answered(database_url) as world:
        await registered(world.db, world.actor, inbound_agent_id="desk", aliases=(a_name("q"),))
        caller = await world.call(a_name("q"))
        assert (await caller.until_ended(WITHIN_S)).status == 486
