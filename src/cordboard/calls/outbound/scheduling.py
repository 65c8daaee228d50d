"""Calls that are asked for ahead of their time: kept until they are due, then made as any other.

What guards calls is held against a call when it is due, not when it is asked for: by then limits,
agents and numbers may be others. A call that cannot be made at its time because of a limit, or
because no server runs, is made up to five minutes late, and after that not at all.
"""

import msgspec
import structlog

from cordboard.agents.errors import AgentNotFoundError, AgentVersionNotFoundError
from cordboard.calls import store
from cordboard.calls.model import Call, CallNotFoundError, CallState, EndReason, Schedule
from cordboard.calls.outbound.limits import check_waiting
from cordboard.calls.outbound.model import (
    CallRules,
    NoOutboundAgentError,
    NoOutboundTrunkError,
    PhoneCallRequest,
)
from cordboard.calls.outbound.operations import checked_call
from cordboard.calls.outbound.refusals import CallLimitError, OutboundRefusal, OutboundRefusedError
from cordboard.calls.outbound.reservations import reserve
from cordboard.calls.outbound.store.guards import claim_guards_to_reserve
from cordboard.calls.outbound.store.schedule import get_waiting_count, list_due
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import NumberNotFoundError
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.errors import DomainError, InvalidError, Kind
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.telemetry.metrics import CALLS_ENDED, OUTBOUND_REFUSALS

log = structlog.get_logger(__name__)

GRACE_MS = 5 * 60_000
"""How late a call may begin; who expects one at nine is not called at ten."""

RETRY_MS = 5_000
"""When a call that a limit keeps waiting is tried again."""

MOST_AT_ONCE = 50

REFUSED_BY = (
    NumberNotFoundError,
    AgentNotFoundError,
    AgentVersionNotFoundError,
    NoOutboundAgentError,
    NoOutboundTrunkError,
    OutboundRefusedError,
)
"""What is wrong with a call itself when it is due, so that it is never made."""


class CallNotScheduledError(DomainError):
    """The call does not wait for its time: it never did, has begun, or has ended."""

    kind = Kind.CONFLICT
    code = "call.not_scheduled"
    message = "Call not scheduled"

    def __init__(self, call_id: str) -> None:
        """Name the call."""
        super().__init__(f"Call with ID '{call_id}' is not scheduled, or not any more")


class Due(msgspec.Struct, frozen=True):
    """What became of a call whose time had come.

    Attributes:
        call: Its record now: begun, ended, or waiting for its next try.
        refusal: The guard that refused it, if one did.
    """

    call: Call
    refusal: OutboundRefusal | None = None


async def schedule_call(
    tx: WriteTx, actor: Actor, request: PhoneCallRequest, at_ms: int, rules: CallRules
) -> Call:
    """Keep a call until it is due; nothing is reserved.

    That the time lies ahead is checked here and not before: a request that is repeated under its
    idempotency key, when the time has come, is answered as at first.

    Raises:
        InvalidError: The time has passed.
        NumberNotFoundError: The organization has no number ``from_number``.
        AgentNotFoundError, AgentVersionNotFoundError: It names an agent it may not have.
        DestinationRefusedError: The number may not be called, as things are.
        NoOutboundAgentError, NoOutboundTrunkError, CallsUnavailableError: Something is missing.
        CallLimitError: As many calls wait already as may.
    """
    _check_ahead(at_ms, tx.now_ms)
    call = await checked_call(tx, actor.organization_id, tx.new_id("call_"), request, rules)
    await store.claim_room(tx, call.cluster_id, call.room_sid)
    await claim_guards_to_reserve(tx, actor.organization_id)
    waiting_now = await get_waiting_count(tx, actor.organization_id)
    check_waiting(waiting_now, rules.max_scheduled_calls)
    schedule = Schedule(at_ms, request.agent_id, request.agent_version)
    waiting = msgspec.structs.replace(
        call, state=CallState.SCHEDULED, started_ms=at_ms, schedule=schedule
    )
    await tx.execute_together(store.insert_call(waiting))
    return waiting


async def reschedule_call(tx: WriteTx, actor: Actor, call_id: str, at_ms: int) -> tuple[Call, int]:
    """Move a call that waits to another time; return it, and when it was due before.

    Raises:
        InvalidError: The time has passed.
        CallNotFoundError: The organization has no such call.
        CallNotScheduledError: It does not wait.
    """
    _check_ahead(at_ms, tx.now_ms)
    call, schedule = await _waiting(tx, actor.organization_id, call_id)
    moved = msgspec.structs.replace(schedule, at_ms=at_ms, refusal="")
    after = call.changed(tx.now_ms, started_ms=at_ms, schedule=moved)
    await tx.execute_together(store.update_call(after))
    return after, schedule.at_ms


async def cancel_schedule(tx: WriteTx, actor: Actor, call_id: str) -> tuple[Call, int]:
    """End a call that waits, before it is made; return it, and when it was due.

    Raises:
        CallNotFoundError: The organization has no such call.
        CallNotScheduledError: It does not wait.
    """
    call, schedule = await _waiting(tx, actor.organization_id, call_id)
    after = call.never_begun(tx.now_ms, EndReason.SCHEDULE_CANCELLED)
    await tx.execute_together(store.update_call(after))
    return after, schedule.at_ms


async def start_due(tx: WriteTx, call: Call, rules: CallRules) -> Due | None:
    """Begin to make a call whose time has come; None if somebody else has done something about it.

    A limit that is reached keeps it waiting for a moment, for as long as it may be late.
    """
    await store.claim_room(tx, call.cluster_id, call.room_sid)
    now = await store.find_call_in_room(tx, call.cluster_id, call.room_sid)
    if now is None or now.schedule is None or not _is_due(now, tx.now_ms):
        return None
    schedule = now.schedule
    if tx.now_ms > schedule.at_ms + GRACE_MS:
        reason = EndReason.REFUSED if schedule.refusal else EndReason.MISSED
        return await _kept(tx, now.never_begun(tx.now_ms, reason))
    try:
        begun = await _begun(tx, now, schedule, rules)
    except CallLimitError as error:
        again = msgspec.structs.replace(schedule, refusal=error.code)
        later = now.changed(tx.now_ms, started_ms=tx.now_ms + RETRY_MS, schedule=again)
        return await _kept(tx, later, error.refusal)
    except REFUSED_BY as error:
        refused = msgspec.structs.replace(schedule, refusal=error.code)
        ended = now.changed(tx.now_ms, schedule=refused).never_begun(tx.now_ms, EndReason.REFUSED)
        guard = error.refusal if isinstance(error, OutboundRefusedError) else None
        return await _kept(tx, ended, guard)
    return await _kept(tx, begun)


def _check_ahead(at_ms: int, now_ms: int) -> None:
    if at_ms <= now_ms:
        raise InvalidError("scheduled_timestamp", "range", "must lie in the future")


def _is_due(call: Call, now_ms: int) -> bool:
    return call.state is CallState.SCHEDULED and call.started_ms <= now_ms


async def _begun(tx: WriteTx, call: Call, schedule: Schedule, rules: CallRules) -> Call:
    """Return the record of a call that begins now, with everything decided anew and reserved."""
    request = PhoneCallRequest(
        from_number=E164(call.leg.caller),
        to_number=E164(call.leg.dialled),
        agent_id=schedule.agent_id,
        agent_version=schedule.agent_version,
        metadata=call.metadata,
    )
    placed = await checked_call(tx, call.organization_id, call.call_id, request, rules)
    await reserve(tx, call.organization_id, call.call_id, rules.longest_ms)
    begun = msgspec.structs.replace(schedule, begun_ms=tx.now_ms, refusal="")
    placed = msgspec.structs.replace(placed, created_ms=call.created_ms, schedule=begun)
    return placed.changed(call.updated_ms)


async def _kept(tx: WriteTx, call: Call, refusal: OutboundRefusal | None = None) -> Due:
    await tx.execute_together(store.update_call(call))
    return Due(call, refusal)


async def _waiting(
    tx: WriteTx, organization_id: OrganizationId, call_id: str
) -> tuple[Call, Schedule]:
    call = await store.find_call(tx, organization_id, call_id)
    if call is not None and call.schedule is not None:
        await store.claim_room(tx, call.cluster_id, call.room_sid)
        call = await store.find_call(tx, organization_id, call_id)
    if call is None:
        raise CallNotFoundError(organization_id, call_id)
    if call.schedule is None or call.state is not CallState.SCHEDULED:
        raise CallNotScheduledError(call_id)
    return call, call.schedule


class Scheduling:
    """Begins the calls of one LiveKit when they are due."""

    def __init__(self, db: Database, rules: CallRules) -> None:
        """Begin nothing yet."""
        self._db = db
        self._rules = rules

    async def start_due(self) -> None:
        """Begin what is due; whoever follows outbound calls goes on with it."""
        due = await self._db.read(list_due, self._rules.cluster_id or "", MOST_AT_ONCE)
        for call in due:
            taken = await self._db.write(start_due, call, self._rules)
            if taken is not None:
                _tell(taken)


def _tell(taken: Due) -> None:
    """Count and log what became of a call that was due."""
    call = taken.call
    if taken.refusal is not None:
        OUTBOUND_REFUSALS.labels(taken.refusal.value).inc()
    if call.end_reason is not None:
        CALLS_ENDED.labels(call.end_reason).inc()
        code = "" if call.schedule is None else call.schedule.refusal
        log.info("scheduled_call_not_made", call_id=call.call_id, reason=call.end_reason, code=code)
