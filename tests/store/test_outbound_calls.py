"""The record of an outbound call: who may dial, how often, and how it ends; on both databases."""

import asyncio

from cordboard.calls import store
from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.operations import ask_again, end_call, observe
from cordboard.calls.outbound import operations
from cordboard.calls.outbound.model import CallRules, PhoneCallRequest
from cordboard.calls.outbound.outcomes import DialOutcome
from cordboard.calls.outbound.reservations import change_guards, settle
from cordboard.calls.outbound.store.guards import get_usage
from cordboard.calls.seen import Sighting
from cordboard.numbers.e164 import E164
from cordboard.routing.events import Sight
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from tests.support.clock import SettableClock
from tests.support.numbers import registered
from tests.support.organizations import an_actor

RULES = CallRules("default", 600_000)
AT_ONCE = 20
AGENT = Sighting(Sight.JOINED, "PA_agent", 1, "agent")
AGENT_LEFT = Sighting(Sight.LEFT, "PA_agent", 2, "agent")
ANSWERED = DialOutcome(participant_sid="PA_callee", sip_call_id="SCL_1")


async def placed(db: Database, actor: Actor, rules: CallRules = RULES) -> Call:
    number = await registered(db, actor, outbound_agent_id="desk", outbound_trunk_id="ST_1")
    request = PhoneCallRequest(number.phone_number, E164("+12125550123"), None, None, {})
    return await db.write(operations.place_call, actor, request, rules)


async def forget_reservations(tx: WriteTx) -> None:
    await tx.execute("DELETE FROM outbound_reservation")


async def with_agent(db: Database, call: Call) -> Call:
    """Let the agent join the call's room."""
    await db.write(observe, call.cluster_id, (call.room_sid, call.room), [AGENT], None)
    return call


async def now(db: Database, call: Call) -> Call:
    found = await db.read(store.find_call, call.organization_id, call.call_id)
    assert found is not None
    return found


async def test_of_all_who_want_to_dial_one_does(db: Database) -> None:
    call = await with_agent(db, await placed(db, await an_actor(db)))
    dials = [db.write(operations.commit_dial, call) for _ in range(AT_ONCE)]
    committed = [one for one in await asyncio.gather(*dials) if one is not None]
    assert len(committed) == 1
    assert (await now(db, call)) == committed[0]


async def test_of_all_who_take_up_a_call_one_sends_for_its_agent(db: Database) -> None:
    call = await placed(db, await an_actor(db))
    asked = await asyncio.gather(*(db.write(ask_again, call) for _ in range(AT_ONCE)))
    assert len([one for one in asked if one is not None]) == 1


async def test_nobody_dials_once_the_kill_switch_is_on(db: Database) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    await db.write(change_guards, actor, {"is_stopped": True})
    assert await db.write(operations.commit_dial, call) is None
    stopped = await now(db, call)
    assert stopped.closing_reason is EndReason.STOPPED
    assert stopped.dial is not None
    assert stopped.dial.intent_ms is None


async def test_calls_are_stopped_together_those_of_others_and_those_being_ended_are_not(
    db: Database,
) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    first, second, ending = [await placed(db, actor) for _ in range(3)]
    foreign = await placed(db, other)
    await db.write(end_call, actor, ending.call_id)
    calls = [ending, second, foreign, first]
    stops = [
        db.write(operations.stop_calls, actor.organization_id, some)
        for some in (calls, calls[::-1])
        for _ in range(AT_ONCE)
    ]
    await asyncio.gather(*stops)
    reasons = [(await now(db, call)).closing_reason for call in (first, second, ending, foreign)]
    assert reasons == [EndReason.STOPPED, EndReason.STOPPED, EndReason.ENDED_BY_REQUEST, None]


async def test_nobody_dials_for_a_call_that_is_being_ended_or_has_no_agent(db: Database) -> None:
    actor = await an_actor(db)
    without = await placed(db, actor)
    assert await db.write(operations.commit_dial, without) is None
    gone = await with_agent(db, await placed(db, actor))
    await db.write(observe, gone.cluster_id, (gone.room_sid, gone.room), [AGENT_LEFT], None)
    assert await db.write(operations.commit_dial, gone) is None
    ending = await with_agent(db, await placed(db, actor))
    await db.write(end_call, actor, ending.call_id)
    assert await db.write(operations.commit_dial, ending) is None


async def test_the_first_that_is_known_of_a_dial_counts(db: Database) -> None:
    call = await with_agent(db, await placed(db, await an_actor(db)))
    assert await db.write(operations.note_outcome, call, ANSWERED) is None
    await db.write(operations.commit_dial, call)
    lost = DialOutcome(EndReason.UNKNOWN)
    noted = [await db.write(operations.note_outcome, call, one) for one in (ANSWERED, lost)]
    assert [one is None for one in noted] == [False, True]
    after = await now(db, call)
    assert (after.state, after.closing_ms) == (CallState.ANSWERED, None)
    assert after.leg.sip_call_id == "SCL_1"


async def test_a_call_ends_once_and_gives_back_what_it_did_not_use(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    await db.write(operations.commit_dial, call)
    await db.write(operations.note_outcome, call, ANSWERED)
    clock.advance(seconds=60)
    await db.write(operations.close, call, EndReason.CALLER_HUNG_UP)
    ends = [db.write(operations.finish, call) for _ in range(AT_ONCE)]
    (ended,) = [one for one in await asyncio.gather(*ends) if one is not None]
    assert (ended.end_reason, ended.duration_ms) == (EndReason.CALLER_HUNG_UP, 60_000)
    used = await db.read(get_usage, actor.organization_id, 30)
    assert (used.concurrent_calls, used.open_ms, used.day_ms) == (0, 0, 60_000)


async def test_a_call_that_nobody_saw_end_was_no_longer_than_livekit_lets_one_last(
    db: Database, clock: SettableClock
) -> None:
    call = await with_agent(db, await placed(db, await an_actor(db)))
    await db.write(operations.commit_dial, call)
    await db.write(operations.note_outcome, call, ANSWERED)
    clock.advance(hours=24)
    await db.write(operations.close, call, EndReason.CONNECTION_LOST)
    ended = await db.write(operations.finish, call)
    assert ended is not None
    assert ended.duration_ms == RULES.longest_ms


async def test_each_call_is_settled_by_what_it_reserved_whatever_may_be_reserved_today(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    longest = (600_000, 3_600_000, 60_000)
    calls = [
        await with_agent(db, await placed(db, actor, CallRules("default", one))) for one in longest
    ]
    for call in calls:
        committed = await db.write(operations.commit_dial, call)
        assert committed is not None
        await db.write(operations.note_outcome, call, ANSWERED)
    clock.advance(hours=2)
    for call, longest_ms in zip(calls, longest, strict=True):
        await db.write(operations.close, call, EndReason.CONNECTION_LOST)
        ended = await db.write(operations.finish, call)
        assert ended is not None
        assert ended.dial is not None
        assert (ended.duration_ms, ended.dial.longest_ms) == (longest_ms, longest_ms)
    used = await db.read(get_usage, actor.organization_id, 30)
    assert (used.concurrent_calls, used.day_ms) == (0, sum(longest))


async def test_a_call_that_may_have_talked_unseen_uses_what_it_reserved_at_the_most(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    await db.write(operations.commit_dial, call)
    clock.advance(hours=2)
    await db.write(operations.note_outcome, call, DialOutcome(EndReason.UNKNOWN))
    await db.write(operations.finish, call)
    used = await db.read(get_usage, actor.organization_id, 30)
    assert (used.concurrent_calls, used.day_ms) == (0, RULES.longest_ms)


async def test_what_has_reserved_nothing_is_never_dialled(db: Database) -> None:
    actor = await an_actor(db)
    call = await with_agent(db, await placed(db, actor))
    await db.write(settle, actor.organization_id, call.call_id, 0)
    await db.write(forget_reservations)
    assert await db.write(operations.commit_dial, call) is None


async def test_whoever_is_seen_to_leave_before_a_late_answer_leaves_after_it(
    db: Database,
) -> None:
    call = await with_agent(db, await placed(db, await an_actor(db)))
    await db.write(operations.commit_dial, call)
    left = Sighting(Sight.LEFT, "PA_callee", 1, "sip", "CLIENT_INITIATED")
    await db.write(observe, call.cluster_id, (call.room_sid, call.room), [left], None)
    await db.write(operations.note_outcome, call, ANSWERED)
    await db.write(operations.close, call, EndReason.CALLER_HUNG_UP)
    ended = await db.write(operations.finish, call)
    assert ended is not None
    assert ended.answered_ms is not None
    assert ended.ended_ms == ended.answered_ms
