"""Numbers come to LiveKit, change there and go, and what is not ours is left alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit import api

from cordboard.numbers.e164 import E164
from cordboard.provisioning.await_cleanup import await_cleanup
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.topology import CATCH_ALL, NOBODY, Layer
from cordboard.runtime.db import Database
from cordboard.simulated.livekit import Fault, FaultKind
from tests.support.builders import a_number
from tests.support.clock import SettableClock
from tests.support.reconciled import (
    RINGS,
    STRANGER,
    TRY_LATER,
    Reconciled,
    an_estate,
    reconciled,
)

PAIRS = 40


@pytest.fixture
async def world(db: Database) -> AsyncIterator[Reconciled]:
    async with reconciled(db) as one:
        yield one


def a_foreign_trunk(world: Reconciled, *numbers: str) -> str:
    trunk_id = f"ST_foreign{len(world.lk.sip.inbound)}"
    world.lk.sip.inbound[trunk_id] = api.SIPInboundTrunkInfo(
        sip_trunk_id=trunk_id, numbers=numbers, allowed_addresses=["198.51.100.0/24"]
    )
    return trunk_id


def a_foreign_rule(world: Reconciled, *trunk_ids: str) -> str:
    rule_id = f"SDR_foreign{len(world.lk.sip.rules)}"
    agents = [api.RoomAgentDispatch(agent_name="stranger")]
    world.lk.sip.rules[rule_id] = api.SIPDispatchRuleInfo(
        sip_dispatch_rule_id=rule_id,
        trunk_ids=trunk_ids,
        rule=api.SIPDispatchRule(dispatch_rule_individual=api.SIPDispatchRuleIndividual()),
        room_config=api.RoomConfiguration(agents=agents),
    )
    return rule_id


async def test_a_number_gets_a_pair_that_names_its_agent(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"
    state = await world.state(number)
    assert state is not None
    assert (state.status, state.error) == ("ready", None)
    assert state.inbound_trunk_id in world.lk.sip.inbound
    assert state.dispatch_rule_id in world.lk.sip.rules


async def test_a_number_that_nobody_registered_meets_the_catch_all(world: Reconciled) -> None:
    await world.reconciler.tick()
    assert world.has_catch_all()
    assert world.taker(a_number(), source=STRANGER) == RINGS


async def test_a_change_of_the_agent_replaces_the_rule_and_keeps_its_id(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    before = await world.state(number)
    await world.change(number, inbound_agent_id="night", inbound_agent_version=2)
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "night"
    after = await world.state(number)
    assert (after and after.dispatch_rule_id) == (before and before.dispatch_rule_id)


async def test_an_unbound_number_leaves_its_pair_to_the_catch_all(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    await world.change(number, inbound_agent_id=None)
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == NOBODY
    assert (len(world.lk.sip.inbound), len(world.lk.sip.rules)) == (1, 1)


async def test_a_number_whose_webhook_decides_has_no_pair(world: Reconciled) -> None:
    number = await world.register("desk", inbound_webhook_url="https://example.com/decide")
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == NOBODY
    state = await world.state(number)
    assert state is not None
    assert state.status == "ready"
    assert state.inbound_trunk_id in world.lk.sip.inbound


async def test_the_shared_topology_is_the_catch_all_alone(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    await world.reconciler.stop()
    world.estate = an_estate(Layer.SHARED)
    world.reconciler = world.another()
    await world.reconciler.tick()
    assert len(world.lk.sip.inbound) == 1
    assert world.taker(number.phone_number) == NOBODY
    state = await world.state(number)
    assert state is not None
    assert state.status == "ready"


async def test_a_deleted_number_leaves_nothing_and_the_wait_for_it_says_so(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    await world.delete(number)
    waiting = asyncio.create_task(
        await_cleanup(world.db, world.actor.organization_id, number.registration_id)
    )
    await world.reconciler.follow_changes()
    assert await waiting is None
    assert number.registration_id not in str(world.objects())


async def test_what_could_not_be_removed_is_said_to_be_left(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    before = await world.state(number)
    await world.delete(number)
    world.lk.faults.is_down = True
    with pytest.raises(LiveKitError):
        await world.reconciler.follow_changes()
    left = await await_cleanup(world.db, world.actor.organization_id, number.registration_id)
    assert left == before


async def test_a_rule_stays_while_its_trunk_cannot_be_removed(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    await world.delete(number)
    world.lk.faults.add(Fault("DeleteSIPTrunk", FaultKind.ERROR_BEFORE))
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"
    assert await world.state(number) is not None
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == NOBODY
    assert await world.state(number) is None


async def test_a_number_that_is_about_to_be_made_is_known_to_whoever_deletes_it(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    world.lk.faults.add(Fault("CreateSIPDispatchRule", FaultKind.ERROR_BEFORE, times=2))
    await world.try_tick()
    assert await world.state(number) is not None


@pytest.mark.parametrize("form", ["{}", "{}{}", "1 ({}) {}"])
async def test_a_foreign_trunk_with_the_number_blocks_it_and_ours_goes(
    world: Reconciled, form: str
) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    digits = number.phone_number.removeprefix("+")
    parts = [number.phone_number] if form == "{}" else [digits[:4], digits[4:]]
    spelt = form.format(*([parts[0][1:], *parts[1:]] if "(" in form else parts))
    foreign = a_foreign_trunk(world, spelt)
    kept = world.objects()[foreign]
    await world.reconciler.tick()
    state = await world.state(number)
    assert state is not None
    assert state.status == "blocked"
    assert foreign in (state.error or "")
    assert number.registration_id not in str(world.objects())
    assert world.objects()[foreign] == kept
    assert world.taker(number.phone_number) == NOBODY


async def test_a_number_is_freed_when_the_foreign_trunk_goes(world: Reconciled) -> None:
    number = await world.register("desk")
    foreign = a_foreign_trunk(world, number.phone_number)
    await world.reconciler.tick()
    del world.lk.sip.inbound[foreign]
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"


async def test_a_foreign_wildcard_blocks_the_catch_all_and_not_the_pairs(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    waiting = await world.register(None)
    foreign = a_foreign_trunk(world)
    await world.reconciler.watch_catch_all()
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"
    state = await world.state(waiting)
    assert state is not None
    assert state.status == "blocked"
    assert foreign in (state.error or "")
    plan = await world.reconciler.plan()
    assert plan.difference.blocked == {CATCH_ALL: foreign}


async def test_a_foreign_wildcard_beside_the_catch_all_takes_nothing_away(
    world: Reconciled,
) -> None:
    await world.reconciler.tick()
    foreign = a_foreign_trunk(world)
    before = world.objects()
    await world.reconciler.tick()
    assert world.objects() == before
    plan = await world.reconciler.plan()
    assert [warned.object_id for warned in plan.difference.warnings] == [foreign]


async def test_a_foreign_rule_on_our_trunk_is_left_and_the_trunk_is_made_anew(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    state = await world.state(number)
    assert state is not None
    foreign = a_foreign_rule(world, state.inbound_trunk_id or "")
    kept = world.objects()[foreign]
    assert world.taker(number.phone_number) == TRY_LATER
    other = await world.register("other")
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"
    assert world.taker(other.phone_number) == "other"
    assert world.objects()[foreign] == kept


async def test_a_trunk_that_lost_its_rule_meets_the_catch_all_when_no_rule_can_be_made(
    world: Reconciled,
) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    state = await world.state(number)
    assert state is not None
    del world.lk.sip.rules[state.dispatch_rule_id or ""]
    assert world.taker(number.phone_number) == RINGS
    world.lk.faults.add(Fault("CreateSIPDispatchRule", FaultKind.ERROR_BEFORE))
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == NOBODY


async def test_after_everything_is_lost_the_watch_makes_the_catch_all_before_anything_else(
    world: Reconciled,
) -> None:
    numbers = [await world.register("desk") for _ in range(PAIRS)]
    await world.reconciler.tick()
    await world.reconciler.watch_catch_all()
    world.lk.flush()
    await world.reconciler.watch_catch_all()
    assert world.has_catch_all()
    assert len(world.lk.sip.inbound) == 1
    await world.reconciler.follow_changes()
    assert {world.taker(number.phone_number) for number in numbers} == {"desk"}


async def test_the_catch_all_is_rebuilt_while_a_long_tick_is_under_way(world: Reconciled) -> None:
    await world.reconciler.tick()
    number = await world.register("desk")
    world.lk.faults.add(Fault("CreateSIPInboundTrunk", FaultKind.SLOW, delay_s=2))
    tick = asyncio.create_task(world.reconciler.tick())
    while True:
        if await world.state(number) is not None:
            break
        await asyncio.sleep(0.01)
    world.lk.flush()
    await world.reconciler.watch_catch_all()
    assert world.has_catch_all()
    assert not tick.done()
    await tick
    await world.reconciler.tick()
    assert world.taker(number.phone_number) == "desk"


async def test_a_tick_lists_as_often_when_everything_drifted_as_when_nothing_did(
    world: Reconciled,
) -> None:
    for _ in range(PAIRS):
        await world.register("desk")
    await world.reconciler.tick()
    counts = []
    for drifts in (False, True):
        if drifts:
            world.lk.flush()
        world.lk.ledger.clear()
        await world.reconciler.tick()
        counts.append(sum(asked.method.startswith("List") for asked in world.lk.ledger))
    assert counts == [2, 2]


async def test_of_two_reconcilers_one_works_until_it_gives_the_lease_back(
    world: Reconciled,
) -> None:
    await world.reconciler.tick()
    other = world.another()
    number = await world.register("desk")
    await other.tick()
    await other.watch_catch_all()
    assert world.taker(number.phone_number) == NOBODY
    await world.reconciler.stop()
    await other.tick()
    assert world.taker(number.phone_number) == "desk"


async def test_a_lease_that_ran_out_is_taken_over(world: Reconciled, clock: SettableClock) -> None:
    await world.reconciler.tick()
    clock.advance(seconds=16)
    number = await world.register("desk")
    await world.another().tick()
    assert world.taker(number.phone_number) == "desk"
    world.lk.ledger.clear()
    await world.reconciler.tick()
    assert world.lk.ledger == []


async def test_another_installation_s_objects_are_foreign(world: Reconciled) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    before = world.objects()
    await world.reconciler.stop()
    world.estate = an_estate(installation="inst_other")
    await world.another().tick()
    assert world.objects() == before
    state = await world.state(number)
    assert state is not None
    assert state.status == "blocked"


@pytest.mark.parametrize("field", ["numbers", "addresses", "callers", "timeout", "metadata"])
async def test_a_changed_trunk_is_put_right(world: Reconciled, field: str) -> None:
    number = await world.register("desk")
    await world.reconciler.tick()
    before = world.objects()
    for trunk_id, trunk in list(world.lk.sip.inbound.items()):
        changed = api.SIPInboundTrunkInfo()
        changed.CopyFrom(trunk)
        match field:
            case "numbers":
                changed.numbers[:] = ["+15550009999"] if trunk.numbers else ["+15550008888"]
            case "addresses":
                changed.allowed_addresses[:] = ["0.0.0.0/0"]
            case "callers":
                changed.allowed_numbers[:] = ["+15550007777"]
            case "timeout":
                changed.ringing_timeout.seconds = 170
            case "metadata":
                changed.metadata = changed.metadata.replace('"hash":"', '"hash":"0')
        world.lk.sip.inbound[trunk_id] = changed
    await world.reconciler.tick()
    assert world.objects() == before
    assert world.taker(E164(number.phone_number)) == "desk"


@pytest.mark.parametrize("field", ["agents", "agent", "trunks", "filter", "pin", "metadata"])
async def test_a_changed_rule_is_put_right(world: Reconciled, field: str) -> None:
    await world.register("desk")
    await world.reconciler.tick()
    before = world.objects()
    for rule_id, rule in list(world.lk.sip.rules.items()):
        changed = api.SIPDispatchRuleInfo()
        changed.CopyFrom(rule)
        match field:
            case "agents":
                del changed.room_config.agents[:]
            case "agent":
                changed.room_config.agents[0].deployment = "red"
            case "trunks":
                changed.trunk_ids[:] = [f"ST_{rule_id}"]
            case "filter":
                changed.inbound_numbers[:] = ["+15550007777"]
            case "pin":
                changed.rule.dispatch_rule_individual.pin = "1234"
            case "metadata":
                changed.metadata = changed.metadata.replace('"hash":"', '"hash":"0')
        world.lk.sip.rules[rule_id] = changed
    await world.reconciler.tick()
    assert world.objects() == before


async def test_a_drifted_catch_all_is_put_right_by_the_watch(world: Reconciled) -> None:
    await world.reconciler.tick()
    before = world.objects()
    for trunk_id, trunk in list(world.lk.sip.inbound.items()):
        opened = api.SIPInboundTrunkInfo()
        opened.CopyFrom(trunk)
        opened.allowed_addresses[:] = ["0.0.0.0/0"]
        world.lk.sip.inbound[trunk_id] = opened
    await world.reconciler.watch_catch_all()
    assert world.objects() == before
