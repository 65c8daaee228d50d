"""An outbound call: the agent joins, the number is dialled, and the record says how it went."""

import asyncio

import msgspec
import pytest

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.outbound.dialling import Dialler
from cordboard.calls.outbound.limits import Usage
from cordboard.calls.outbound.model import PhoneCallRequest
from cordboard.calls.outbound.operations import place_call
from cordboard.calls.outbound.reservations import change_guards
from cordboard.calls.outbound.store.guards import get_usage
from cordboard.calls.seen import Seen
from cordboard.calls.store import find_followed
from cordboard.runtime.clock import system_clock
from cordboard.simulated.livekit import Behaviour, Fault, FaultKind, Outcome
from tests.support.answered import DEADLINES
from tests.support.numbers import registered
from tests.support.outbound import CALLEE, Outbound, outbound
from tests.support.reconciled import CLUSTER


def has_ended(call: Call) -> bool:
    return call.ended_ms is not None


async def usage(calls: Outbound) -> Usage:
    world = calls.world
    return await world.db.read(get_usage, world.actor.organization_id, 30)


async def ended(calls: Outbound) -> Call:
    """Return the only call once it has ended, with everything given back and nothing left.

    What nobody knows to have been answered may have been, since it was dialled. The room of a call
    that was not is closed once its agent cannot come into it any more.
    """
    call = await calls.world.record(has_ended)
    used = await usage(calls)
    used_ms = call.duration_ms
    if call.end_reason is EndReason.UNKNOWN:
        assert call.dial is not None
        used_ms = (call.ended_ms or 0) - (call.dial.intent_ms or 0)
    assert (used.concurrent_calls, used.open_ms, used.day_ms) == (0, 0, used_ms)
    if call.dial is not None and call.dial.intent_ms is None:
        await calls.left()
    assert calls.is_room_gone
    return call


async def test_the_agent_joins_then_the_number_is_dialled_and_answered(database_url: str) -> None:
    async with outbound(database_url) as calls:
        desk = calls.world.lk.register_worker("desk")
        unnamed = calls.world.lk.register_worker("")
        calls.answers(Outcome(hangs_up_after_s=1.0))
        placed = await calls.place()
        up = await calls.world.record(lambda call: call.state is CallState.ANSWERED)
        assert (up.leg.caller, up.leg.dialled) == (calls.number.phone_number, CALLEE)
        assert (await usage(calls)).concurrent_calls == 1
        call = await ended(calls)
        assert call.call_id == placed.call_id
        assert call.end_reason is EndReason.CALLER_HUNG_UP
        assert call.duration_ms > 0
        assert [job.metadata for job in desk.jobs] == [call.target and call.target.metadata]
        assert unnamed.jobs == []
        assert call.leg.sip_call_id
        assert set(call.leg.carrier_ids) == {"sip.callIDFull"}
        (invite,) = calls.world.lk.callees.dialled
        assert (invite.from_, invite.to) == (calls.number.phone_number, CALLEE)
        assert invite.room == invite.identity == call.call_id


async def test_a_call_lasts_no_longer_than_it_reserved_though_the_setting_is_another_by_now(
    database_url: str,
) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        decider = calls.world.deciders[0]
        before = msgspec.structs.replace(decider.outbound_rules, longest_ms=1000)
        request = PhoneCallRequest(calls.number.phone_number, CALLEE, None, None, {})
        await calls.world.db.write(place_call, calls.world.actor, request, before)
        decider.look_for_outbound()
        call = await ended(calls)
        assert call.answered_ms is not None
        assert call.duration_ms <= before.longest_ms < decider.outbound_rules.longest_ms


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (404, EndReason.NOT_FOUND),
        (503, EndReason.UNREACHABLE),
        (403, EndReason.CARRIER_REFUSED),
        (None, EndReason.NO_ANSWER),
    ],
)
async def test_a_call_that_is_not_answered_says_why(
    database_url: str, status: int | None, reason: EndReason
) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.answers(Outcome(status))
        await calls.place()
        call = await ended(calls)
        assert (call.end_reason, call.answered_ms) == (reason, None)
        assert call.dial is not None
        assert call.dial.sip_status == status
        assert calls.invites == 1


@pytest.mark.parametrize("behaviour", [None, Behaviour(joins_after_s=None)])
async def test_without_an_agent_nobody_is_dialled(
    database_url: str, behaviour: Behaviour | None
) -> None:
    async with outbound(database_url) as calls:
        if behaviour is not None:
            calls.world.lk.register_worker("desk", behaviour=behaviour)
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.NO_AGENT
        assert calls.world.sent("CreateSIPParticipant") == 0


async def test_a_trunk_that_livekit_does_not_know_is_told(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.world.lk.sip.outbound.clear()
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.NOT_DIALLED
        assert calls.invites == 0


async def test_a_call_into_a_number_of_ours_is_two_records(database_url: str) -> None:
    async with outbound(database_url) as calls:
        world = calls.world
        desk = world.lk.register_worker("desk")
        inbound = world.lk.register_worker("inbound")
        await registered(world.db, world.actor, CALLEE, inbound_agent_id="inbound")
        calls.answers(Outcome(is_looped=True))
        await calls.place()
        up = await world.records_once(2, lambda call: call.state is CallState.ANSWERED)
        assert {call.direction for call in up} == {"INBOUND", "OUTBOUND"}
        out = next(call for call in up if call.dial is not None)
        await calls.end(out)
        over = await world.records_once(2, has_ended)
        assert {call.end_reason for call in over} == {
            EndReason.ENDED_BY_REQUEST,
            EndReason.CALLER_HUNG_UP,
        }
        assert len(desk.jobs) == len(inbound.jobs) == calls.invites == 1


@pytest.mark.parametrize("when", ["being set up", "ringing", "up"])
async def test_a_call_can_be_ended_at_any_time(database_url: str, when: str) -> None:
    async with outbound(database_url) as calls:
        joins_after_s = 1.0 if when == "being set up" else 0.05
        calls.world.lk.register_worker("desk", behaviour=Behaviour(joins_after_s=joins_after_s))
        calls.answers(Outcome(after_s=0.05) if when == "up" else Outcome(None))
        await calls.place()
        await calls.reached(when)
        await calls.end(await calls.world.record())
        call = await ended(calls)
        assert call.end_reason is EndReason.ENDED_BY_REQUEST
        assert calls.invites == (0 if when == "being set up" else 1)
        assert (call.answered_ms is not None) is (when == "up")


@pytest.mark.parametrize("when", ["being set up", "ringing", "up"])
async def test_the_kill_switch_ends_a_call_at_any_time(database_url: str, when: str) -> None:
    async with outbound(database_url) as calls:
        joins_after_s = 1.0 if when == "being set up" else 0.05
        calls.world.lk.register_worker("desk", behaviour=Behaviour(joins_after_s=joins_after_s))
        calls.answers(Outcome(after_s=0.05) if when == "up" else Outcome(None))
        await calls.place()
        await calls.reached(when)
        world = calls.world
        await world.db.write(change_guards, world.actor, {"is_stopped": True})
        assert (await ended(calls)).end_reason is EndReason.STOPPED
        assert calls.invites == (0 if when == "being set up" else 1)


async def test_an_agent_that_leaves_ends_the_call(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk", behaviour=Behaviour(leaves_after_s=1.2))
        await calls.place()
        call = await ended(calls)
        assert call.end_reason is EndReason.AGENT_GONE
        assert call.answered_ms is not None


async def test_nobody_answers_into_a_room_that_the_agent_has_left(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk", behaviour=Behaviour(leaves_after_s=0.1))
        calls.answers(Outcome(None))
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.AGENT_GONE


async def test_an_agent_that_stays_silent_ends_the_call(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk", behaviour=Behaviour(audio_after_s=None))
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.AGENT_SILENT


async def test_an_agent_that_deletes_the_room_has_hung_up(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        await calls.place()
        await calls.reached("up")
        await calls.world.livekit.delete_room((await calls.world.record()).room)
        assert (await ended(calls)).end_reason is EndReason.AGENT_HUNG_UP


async def test_of_several_deciders_one_dials(database_url: str) -> None:
    async with outbound(database_url) as calls:
        world = calls.world
        desk = world.lk.register_worker("desk")
        world.deciders += [world.decider(), world.decider()]
        calls.answers(Outcome(486))
        for _ in range(4):
            await calls.place()
        for decider in world.deciders:
            decider.look_for_outbound()
        over = await world.records_once(4, has_ended)
        assert {call.end_reason for call in over} == {EndReason.BUSY}
        assert len(desk.jobs) == calls.invites == 4


async def test_deciders_that_know_the_call_as_it_was_change_nothing(database_url: str) -> None:
    async with outbound(database_url) as calls:
        world = calls.world
        desk = world.lk.register_worker("desk")
        calls.answers(Outcome(hangs_up_after_s=1.0))
        late = Dialler(world.db, world.livekit, system_clock, DEADLINES, lambda _: None)
        placed = await calls.place()
        known: list[tuple[Call, Seen]] = []
        while not known or known[-1][0].ended_ms is None:
            found = await world.db.read(find_followed, CLUSTER, placed.call_id)
            if found is not None and found not in known:
                known.append(found)
                for view in known:
                    await late.advance(*view)
            await asyncio.sleep(0.005)
        await late.stop()
        assert (await ended(calls)).end_reason is EndReason.CALLER_HUNG_UP
        assert (calls.invites, len(desk.jobs)) == (1, 1)
        assert len(known) >= len(CallState) - 1, "it was seen in each state"


async def test_a_dial_whose_answer_is_lost_is_adopted(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.world.lk.faults.add(Fault("CreateSIPParticipant", FaultKind.LOST_ANSWER))
        calls.answers(Outcome(hangs_up_after_s=2.0))
        await calls.place()
        call = await ended(calls)
        assert (call.end_reason, calls.invites) == (EndReason.CALLER_HUNG_UP, 1)
        assert call.leg.sip_call_id


async def test_a_dial_of_which_nothing_is_known_is_not_repeated(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.world.lk.faults.add(Fault("CreateSIPParticipant", FaultKind.ERROR_BEFORE))
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.UNKNOWN
        assert calls.invites == 0
        assert calls.world.sent("CreateSIPParticipant") == 1


async def test_without_events_a_call_goes_the_same_way(database_url: str) -> None:
    async with outbound(database_url, events=False) as calls:
        calls.world.lk.register_worker("desk", behaviour=Behaviour(joins_after_s=0.05))
        calls.answers(Outcome(hangs_up_after_s=1.0))
        await calls.place()
        call = await ended(calls)
        assert call.answered_ms is not None
        assert calls.invites == 1


async def test_a_room_that_could_not_be_closed_is_closed_by_the_next_look(
    database_url: str,
) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.world.lk.faults.add(Fault("DeleteRoom", FaultKind.ERROR_BEFORE))
        calls.answers(Outcome(486))
        await calls.place()
        assert (await calls.world.record(has_ended)).end_reason is EndReason.BUSY
        await calls.left()


async def test_a_dial_that_comes_after_its_call_was_given_up_is_cut_off(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        late = Fault("CreateSIPParticipant", FaultKind.SLOW, delay_s=5.0)
        calls.world.lk.faults.add(late)
        await calls.place()
        assert (await ended(calls)).end_reason is EndReason.UNKNOWN
        assert calls.invites == 0
        await calls.reached("ringing")
        await calls.left()
        assert (await calls.world.record()).end_reason is EndReason.UNKNOWN


async def test_a_call_waits_for_a_livekit_that_is_away_for_a_moment(database_url: str) -> None:
    async with outbound(database_url, polls=False) as calls:
        world = calls.world
        world.lk.register_worker("desk")
        calls.answers(Outcome(486))
        world.lk.faults.is_down = True
        await calls.place()
        decider = world.deciders[0]
        await decider.follow_outbound()
        await world.record(lambda call: call.asked_ms > 0)
        world.lk.faults.is_down = False
        call = await ended(calls)
        assert (call.end_reason, calls.invites) == (EndReason.BUSY, 1)
