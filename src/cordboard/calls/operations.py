"""What happens to call records: they are made of what LiveKit shows, and of what is asked.

Whoever changes a call has claimed its room first, so its changes come one after the other. Each
returns the call as it stands then.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import msgspec

from cordboard.calls import store
from cordboard.calls.model import (
    CARRIER_IDS,
    NOBODY,
    Call,
    CallInProgressError,
    CallNotFoundError,
    CallState,
    EndReason,
    Leg,
    check_metadata,
    room_key,
)
from cordboard.calls.seen import Seen, Sighting
from cordboard.routing.events import LiveKitEvent, Sight
from cordboard.routing.model import (
    Decision,
    Facts,
    IncomingCall,
    Refused,
    RoutableNumber,
    agent_of,
    call_id,
    decide,
    key_of,
)
from cordboard.routing.store import OwnRule, find_facts, find_own_rule
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import OrganizationId

WHOLE_SECOND_MS = 999
LOOKED_UP_WITHIN_MS = 2_000
"""How long before its caller joins a call may have been given to a rule."""


class Taken(msgspec.Struct, frozen=True):
    """What came of something seen.

    Attributes:
        call: The call concerned, as it stands now.
        seen: What was seen of its room so far; None where that was not looked up.
        is_new: Whether its record has just begun.
        has_just_ended: Whether this ended it.
    """

    call: Call
    seen: Seen | None
    is_new: bool = False
    has_just_ended: bool = False


def leg_of(attributes: dict[str, str], joined_ms: int) -> Leg | None:
    """Return the caller's side of a call; None where the attributes tell of no inbound call."""
    sip_call_id, rule_id = attributes.get("sip.callID", ""), attributes.get("sip.ruleID", "")
    if not sip_call_id or not rule_id:
        return None
    return Leg(
        sip_call_id=sip_call_id,
        rule_id=rule_id,
        dialled=attributes.get("sip.trunkPhoneNumber", ""),
        caller=attributes.get("sip.phoneNumber", ""),
        joined_ms=joined_ms,
        carrier_ids={
            name: value for name, value in attributes.items() if name.startswith(CARRIER_IDS)
        },
    )


async def record_event(tx: WriteTx, cluster_id: str, event: LiveKitEvent) -> Taken | None:
    """Take an event into the record of its call; None when it concerns none, or came before.

    An event says when in whole seconds; within that second, the instant of its arrival counts.
    """
    key = room_key(event.room_sid, event.room)
    leg = leg_of(event.attributes, event.joined_ms) if event.kind == "sip" else None
    if (
        event.kind == "sip"
        and key == event.room_sid
        and (leg is None or await find_own_rule(tx, cluster_id, leg.rule_id) is None)
    ):
        return None
    if _is_others(event) and await store.find_call_in_room(tx, cluster_id, key) is None:
        return None
    if not await store.insert_event(tx, cluster_id, event.event_id):
        return None
    first_ms = event.created_s * 1000
    at_ms = min(max(tx.now_ms, first_ms), first_ms + WHOLE_SECOND_MS)
    sightings = []
    if event.joined_ms:
        joined_ms = event.joined_ms
        sightings.append(Sighting(Sight.JOINED, event.participant_sid, joined_ms, event.kind))
    if event.sight is not Sight.JOINED or not event.joined_ms:
        sightings.append(
            Sighting(event.sight, event.participant_sid, at_ms, event.kind, event.disconnect_reason)
        )
    return await observe(tx, cluster_id, (key, event.room), sightings, leg)


def _is_others(event: LiveKitEvent) -> bool:
    """Whether an event tells of somebody who is on no telephone and no agent.

    LiveKit leaves out whom it has no other name for, and says of nobody's audio who they are.
    """
    if event.sight is Sight.ROOM_FINISHED or (event.sight is Sight.AUDIO and not event.kind):
        return False
    return event.kind not in ("sip", "agent")


async def observe(
    tx: WriteTx,
    cluster_id: str,
    room: tuple[str, str],
    sightings: Iterable[Sighting],
    leg: Leg | None,
) -> Taken | None:
    """Take what was seen of a room into the record of its call, which begins with its caller.

    Args:
        tx: A transaction.
        cluster_id: The LiveKit of the room.
        room: The room's key and its name.
        sightings: What was seen; what is known already changes nothing.
        leg: The caller's side, where it was seen.
    """
    room_sid, room_name = room
    before = await store.claim_room(tx, cluster_id, room_sid)
    seen = reduce(Seen.after, sightings, before)
    changes = [] if seen == before else [store.update_room(cluster_id, room_sid, seen)]
    call = await store.find_call_in_room(tx, cluster_id, room_sid)
    taken: Taken | None = None
    if call is not None:
        after = call.observed(seen, tx.now_ms)
        changes += [] if after == call else [store.update_call(after)]
        taken = Taken(after, seen, has_just_ended=_has_ended(call, after))
    elif leg is not None and not seen.is_forgotten:
        taken = await _begun(tx, cluster_id, (room_sid, room_name), leg, seen)
        changes += [] if taken is None else [store.insert_call(taken.call)]
    if changes:
        await tx.execute_together(*changes)
    if taken is None and not seen.is_forgotten:
        # An agent may be told of before the caller; or it is in somebody else's room.
        await store.update_unknown_room(tx, cluster_id, room_sid)
    return taken


def _has_ended(before: Call, after: Call) -> bool:
    return before.ended_ms is None and after.ended_ms is not None


async def _begun(
    tx: WriteTx, cluster_id: str, room: tuple[str, str], leg: Leg, seen: Seen
) -> Taken | None:
    """Decide a call and return its new record; None for a call that came by a foreign rule.

    For one that came by a number's own rule, as that may have been before the last change, it is
    looked whom LiveKit has sent for: another agent than the number's goes.
    """
    rule = await find_own_rule(tx, cluster_id, leg.rule_id)
    if rule is None:
        return None
    name = call_id(cluster_id, leg.sip_call_id)
    incoming = IncomingCall(name, cluster_id, leg.dialled, leg.caller, leg.joined_ms)
    facts = _as_it_rang(await find_facts(tx, leg.dialled), rule, leg.joined_ms)
    decision = decide(incoming, facts)
    is_refused = isinstance(decision, Refused)
    is_doubtful = _is_doubtful(rule, decision, facts.number, leg.joined_ms)
    call = Call(
        call_id=name,
        organization_id=decision.organization_id or NOBODY,
        cluster_id=cluster_id,
        room_sid=room[0],
        room=room[1],
        leg=leg,
        decision=decision,
        is_decided_here=rule.is_catch_all or is_doubtful,
        state=CallState.RINGING,
        started_ms=leg.joined_ms,
        created_ms=tx.now_ms,
        updated_ms=tx.now_ms,
        tried_ms=tx.now_ms,
        asked_ms=0 if is_doubtful else tx.now_ms,
        closing_ms=tx.now_ms if is_refused else None,
        closing_reason=EndReason(decision.reason) if isinstance(decision, Refused) else None,
    ).observed(seen, tx.now_ms)
    return Taken(call, seen, is_new=True, has_just_ended=call.ended_ms is not None)


def _as_it_rang(facts: Facts, rule: OwnRule, joined_ms: int) -> Facts:
    """Return what holds for a call that rang before its number was changed.

    LiveKit has sent for the agent of before, whose rule still stood when the call came.
    """
    number = facts.number
    if rule.answered_by is None or number is None or joined_ms > number.updated_ms:
        return facts
    if rule.answered_by == key_of(number.inbound):
        return facts
    as_it_rang = msgspec.structs.replace(number, inbound=agent_of(rule.answered_by))
    return msgspec.structs.replace(facts, number=as_it_rang)


def _is_doubtful(
    rule: OwnRule, decision: Decision, number: RoutableNumber | None, joined_ms: int
) -> bool:
    """Whether a number's own rule may have sent a call to the agent of before.

    A call that rang before the number was changed stays where it is.
    """
    if rule.is_catch_all or number is None or isinstance(decision, Refused):
        return False
    if joined_ms <= number.updated_ms:
        return False
    was_replaced = number.revision > 1 and rule.noted_ms > joined_ms - LOOKED_UP_WITHIN_MS
    return was_replaced or rule.answered_by != key_of(decision.targets[0])


async def ask_again(tx: WriteTx, call: Call) -> Call | None:
    """Take over the dispatch of a call whose asker seems to be gone; None if another did.

    An agent that has not been asked for yet has its time from now on. Where LiveKit refused to
    send for it, its time goes on: somebody's telephone rings meanwhile.
    """
    tried_ms = tx.now_ms if call.refused_ms is None else call.tried_ms
    return await _if_unmoved(tx, call, tried_ms=tried_ms, asked_ms=tx.now_ms)


async def note_refused(tx: WriteTx, call: Call) -> Call | None:
    """Note that LiveKit failed to take the request for a call's present agent; the first counts."""
    await store.claim_room(tx, call.cluster_id, call.room_sid)
    now = await store.find_call_in_room(tx, call.cluster_id, call.room_sid)
    if now is None or now.attempt != call.attempt or now.refused_ms is not None:
        return None
    after = now.changed(tx.now_ms, refused_ms=tx.now_ms)
    await tx.execute_together(store.update_call(after))
    return after


async def try_next(tx: WriteTx, call: Call, seen: Seen) -> Call | None:
    """Go on to a call's next target; None if another did, or the call has gone on meanwhile.

    So does an agent that comes at the last moment: it is among what was ``seen``, or it stays.
    """
    return await _if_unmoved(
        tx,
        call,
        seen,
        attempt=call.attempt + 1,
        tried_ms=tx.now_ms,
        asked_ms=tx.now_ms,
        refused_ms=None,
        dispatch_id="",
    )


async def note_dispatch(tx: WriteTx, call: Call, dispatch_id: str) -> Call | None:
    """Note which dispatch of a call's present target stays."""
    return await _if_unmoved(tx, call, dispatch_id=dispatch_id)


async def give_up(tx: WriteTx, call: Call, seen: Seen, reason: EndReason) -> Call | None:
    """Begin to end a call; None if that has begun, or the call has gone on meanwhile.

    So does an agent that comes at the last moment: it is among what was ``seen``, or it stays.
    """
    return await _if_unmoved(tx, call, seen, closing_ms=tx.now_ms, closing_reason=reason)


async def _if_unmoved(
    tx: WriteTx,
    call: Call,
    seen: Seen | None = None,
    **fields: Any,  # noqa: ANN401 - as the fields are
) -> Call | None:
    """Change a call that stands where its decider saw it: of several deciders, one goes on."""
    present = await store.claim_room(tx, call.cluster_id, call.room_sid)
    now = await store.find_call_in_room(tx, call.cluster_id, call.room_sid)
    if now is None or _position(now) != _position(call) or seen not in (None, present):
        return None
    after = now.changed(tx.now_ms, **fields)
    await tx.execute_together(store.update_call(after))
    return after


def _position(call: Call) -> tuple[object, ...]:
    return call.attempt, call.asked_ms, call.closing_ms, call.ended_ms is None


async def end_call(tx: WriteTx, actor: Actor, call_id: str) -> Call:
    """Begin to end a call because its customer asked for it; one that has ended stays as it is.

    Raises:
        CallNotFoundError: The organization has no such call.
    """
    call = await _claimed(tx, actor.organization_id, call_id)
    if call.ended_ms is not None or call.closing_ms is not None:
        return call
    reason = EndReason.ENDED_BY_REQUEST
    if call.state is CallState.SCHEDULED:
        after = call.never_begun(tx.now_ms, reason)
    else:
        after = call.changed(tx.now_ms, closing_ms=tx.now_ms, closing_reason=reason)
    await tx.execute_together(store.update_call(after))
    return after


async def update_metadata(
    tx: WriteTx, actor: Actor, call_id: str, metadata: dict[str, Any]
) -> Call:
    """Merge notes into those that a call has.

    Raises:
        CallNotFoundError: The organization has no such call.
        InvalidError: They would be too long, all together.
    """
    call = await _claimed(tx, actor.organization_id, call_id)
    merged = {**call.metadata, **metadata}
    # Compared as JSON: to Python, 1 is the same as true.
    if msgspec.json.encode(merged) == msgspec.json.encode(call.metadata):
        return call
    check_metadata(merged)
    after = call.changed(tx.now_ms, metadata=merged)
    await tx.execute_together(store.update_call(after))
    return after


async def delete_call(tx: WriteTx, actor: Actor, call_id: str) -> Call:
    """Delete the record of a call that has ended; return it as it was.

    Raises:
        CallNotFoundError: The organization has no such call.
        CallInProgressError: It has not ended.
    """
    call = await _claimed(tx, actor.organization_id, call_id)
    if call.ended_ms is None:
        raise CallInProgressError(call_id)
    seen = await store.claim_room(tx, call.cluster_id, call.room_sid)
    forgotten = msgspec.structs.replace(seen, is_forgotten=True)
    await tx.execute_together(
        store.update_room(call.cluster_id, call.room_sid, forgotten), store.delete_call(call)
    )
    return call


async def _claimed(tx: WriteTx, organization_id: OrganizationId, call_id: str) -> Call:
    call = await store.find_call(tx, organization_id, call_id)
    if call is not None:
        await store.claim_room(tx, call.cluster_id, call.room_sid)
        call = await store.find_call(tx, organization_id, call_id)
    if call is None:
        raise CallNotFoundError(organization_id, call_id)
    return call
