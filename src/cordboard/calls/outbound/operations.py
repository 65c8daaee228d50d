"""What happens to the records of outbound calls, from the request to the end.

Whoever changes a call has claimed its room first, as for inbound calls, so its changes come one
after the other. The intent to dial is committed once; whoever commits it dials, and nobody else.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from cordboard.agents.binding import check_bindings
from cordboard.agents.errors import AgentNotFoundError
from cordboard.agents.store import get_version
from cordboard.calls import store
from cordboard.calls.model import Call, CallState, EndReason
from cordboard.calls.outbound.destinations import check_destination
from cordboard.calls.outbound.model import (
    CallRules,
    CallsUnavailableError,
    PhoneCallRequest,
    placed_call,
)
from cordboard.calls.outbound.outcomes import DialOutcome
from cordboard.calls.outbound.reservations import reserve, settle
from cordboard.calls.outbound.store.calls_up import claim_calls
from cordboard.calls.outbound.store.guards import (
    claim_guards_to_dial,
    find_guards,
    find_reserved_ms,
)
from cordboard.calls.seen import Seen, Sighting
from cordboard.numbers.store import get_number
from cordboard.routing.events import Sight
from cordboard.routing.model import AgentVersion
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import AgentId, OrganizationId


async def place_call(
    tx: WriteTx, actor: Actor, request: PhoneCallRequest, rules: CallRules
) -> Call:
    """Take a call that is to be made; its agent and its dial follow in the background.

    Raises:
        NumberNotFoundError: The organization has no number ``from_number``.
        AgentNotFoundError, AgentVersionNotFoundError: It names an agent it may not have.
        DestinationRefusedError: The number may not be called.
        NoOutboundAgentError, NoOutboundTrunkError, CallsUnavailableError: Something is missing.
        CallsStoppedError, CallLimitError: The organization may not call now.
    """
    call = await checked_call(tx, actor.organization_id, tx.new_id("call_"), request, rules)
    await store.claim_room(tx, call.cluster_id, call.room_sid)
    placed = store.insert_call(call)
    await reserve(tx, call.organization_id, call.call_id, rules.longest_ms, placed)
    return call


async def checked_call(
    tx: WriteTx,
    organization_id: OrganizationId,
    call_id: str,
    request: PhoneCallRequest,
    rules: CallRules,
) -> Call:
    """Return the record of a call that may be made, as far as its organization's limits let it.

    Raises:
        NumberNotFoundError: The organization has no number ``from_number``.
        AgentNotFoundError, AgentVersionNotFoundError: It names an agent it may not have.
        DestinationRefusedError: The number may not be called.
        NoOutboundAgentError, NoOutboundTrunkError, CallsUnavailableError: Something is missing.
    """
    number = await get_number(tx, organization_id, request.from_number)
    agent_id, version = request.binding(number)
    await check_bindings(
        tx,
        organization_id,
        (agent_id, version),
        requires_registered=rules.requires_registered_agents,
    )
    agent = await _worker(tx, organization_id, agent_id, version)
    guards = await find_guards(tx, organization_id)
    check_destination(number.phone_number, request.to_number, guards.allowed_regions)
    call = placed_call(call_id, rules.cluster_id or "", request, number, agent, tx.now_ms)
    if rules.cluster_id is None:
        raise CallsUnavailableError
    return call


async def _worker(
    tx: WriteTx, organization_id: OrganizationId, agent_id: str, version: int
) -> AgentVersion:
    """Return which worker serves an agent; one that is not registered is known to LiveKit alone."""
    try:
        found = await get_version(tx, organization_id, AgentId(agent_id), str(version))
    except AgentNotFoundError:
        return AgentVersion(agent_id, version, agent_id, None, is_registered=False)
    worker, deployment = found.livekit_agent_name, found.livekit_deployment
    return AgentVersion(agent_id, version, worker, deployment, is_registered=True)


async def commit_dial(tx: WriteTx, call: Call) -> Call | None:
    """Commit the intent to dial; None when it may not be dialled by whoever asks.

    The kill switch is read under the lock that sets it: once it is on, nothing begins. What has
    reserved nothing is never dialled, and nothing lasts longer than it has reserved.
    """
    now, seen = await _claimed(tx, call)
    if now is None or now.dial is None or now.dial.intent_ms is not None:
        return None
    if now.closing_ms is not None or not any(agent.is_here for agent in seen.agents):
        return None
    if (await claim_guards_to_dial(tx, now.organization_id)).is_stopped:
        await _store(tx, now, closing_ms=tx.now_ms, closing_reason=EndReason.STOPPED)
        return None
    longest_ms = await find_reserved_ms(tx, now.organization_id, now.call_id)
    if longest_ms is None:
        return None
    dial = msgspec.structs.replace(now.dial, intent_ms=tx.now_ms, longest_ms=longest_ms)
    return await _store(tx, now, dial=dial)


async def note_outcome(tx: WriteTx, call: Call, outcome: DialOutcome) -> Call | None:
    """Note what came of a dial; None when that is known already.

    Who answered is noted as seen in the room, so that it can be noticed that they are not any more.
    """
    now, seen = await _claimed(tx, call)
    if now is None or now.dial is None or not now.dial.is_under_way:
        return None
    fields: dict[str, Any] = {
        "dial": msgspec.structs.replace(
            now.dial, outcome_ms=tx.now_ms, sip_status=outcome.sip_status
        )
    }
    if outcome.failure is None:
        here = Sighting(Sight.JOINED, outcome.participant_sid, tx.now_ms, "sip")
        await tx.execute_together(store.update_room(now.cluster_id, now.room_sid, seen.after(here)))
        fields["state"] = CallState.ANSWERED
        fields["answered_ms"] = max(tx.now_ms, now.started_ms)
        fields["leg"] = msgspec.structs.replace(
            now.leg, sip_call_id=outcome.sip_call_id, carrier_ids=outcome.carrier_ids
        )
    elif now.closing_ms is None:
        fields |= {"closing_ms": tx.now_ms, "closing_reason": outcome.failure}
    return await _store(tx, now, **fields)


async def close(
    tx: WriteTx, call: Call, reason: EndReason, at_ms: int | None = None
) -> Call | None:
    """Begin to end a call; None when that has begun. A call that has not been dialled never is.

    Args:
        tx: A transaction.
        call: Which.
        reason: Why.
        at_ms: When the telephone's side left, where it did.
    """
    now, _ = await _claimed(tx, call)
    if now is None or now.closing_ms is not None or now.ended_ms is not None:
        return None
    return await _store(tx, now, closing_ms=at_ms or tx.now_ms, closing_reason=reason)


async def stop_calls(tx: WriteTx, organization_id: OrganizationId, calls: Sequence[Call]) -> None:
    """Begin to end calls because of the kill switch, in as many round trips as one of them takes.

    Args:
        tx: A transaction.
        organization_id: Whose kill switch is on.
        calls: Calls of its, all at one LiveKit; those that are being ended stay as they are.
    """
    cluster_id = calls[0].cluster_id
    rooms = [call.room_sid for call in calls]
    stopped = [
        call.changed(tx.now_ms, closing_ms=tx.now_ms, closing_reason=EndReason.STOPPED)
        for call in await claim_calls(tx, organization_id, cluster_id, rooms)
        if call.closing_ms is None and call.ended_ms is None
    ]
    if stopped:
        await tx.execute_together(*(store.update_call(call) for call in stopped))


async def finish(tx: WriteTx, call: Call) -> Call | None:
    """End the record of a call whose room is gone, and settle what it reserved; None if ended.

    It lasted as long as it had reserved at the most: then LiveKit ends it, also while nobody looks.
    That is not what a call may last today, for the setting may have changed since.
    """
    now, seen = await _claimed(tx, call)
    if now is None or now.ended_ms is not None:
        return None
    longest_ms = await find_reserved_ms(tx, now.organization_id, now.call_id) or 0
    left_ms = seen.caller.left_ms or tx.now_ms
    if now.answered_ms is not None:
        left_ms = min(left_ms, now.answered_ms + longest_ms)
    after = now.changed(
        tx.now_ms,
        state=CallState.ENDED,
        ended_ms=max(left_ms, now.answered_ms or now.started_ms),
        end_reason=now.closing_reason or EndReason.UNKNOWN,
    )
    used_ms = min(_used_ms(after, tx.now_ms), longest_ms)
    ended = store.update_call(after)
    await settle(tx, after.organization_id, after.call_id, used_ms, ended)
    return after


def _used_ms(call: Call, now_ms: int) -> int:
    """Return how long a call talked; of one that may have, unseen, since its dial at the most."""
    is_unseen = call.end_reason is EndReason.UNKNOWN and call.answered_ms is None
    if is_unseen and call.dial is not None and call.dial.intent_ms is not None:
        return now_ms - call.dial.intent_ms
    return call.duration_ms


async def _claimed(tx: WriteTx, call: Call) -> tuple[Call | None, Seen]:
    seen = await store.claim_room(tx, call.cluster_id, call.room_sid)
    return await store.find_call_in_room(tx, call.cluster_id, call.room_sid), seen


async def _store(tx: WriteTx, call: Call, **fields: Any) -> Call:  # noqa: ANN401 - as the fields are
    after = call.changed(tx.now_ms, **fields)
    await tx.execute_together(store.update_call(after))
    return after
