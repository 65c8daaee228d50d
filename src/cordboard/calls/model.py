"""A call's record: what was decided, what happened, and how it ended. No I/O."""

import re
from enum import StrEnum
from typing import Any

import msgspec

from cordboard.calls.seen import Seen
from cordboard.routing.model import Accepted, Decision, RefusalReason, Target
from cordboard.runtime.errors import DomainError, InvalidError, Kind
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.json_values import check_json

NOBODY = OrganizationId("")
"""Whose a call is that was made to a number nobody has registered."""


CARRIER_IDS = ("sip.callIDFull", "sip.twilio.", "sip.telnyx.", "sip.amazon.")
"""How the attributes begin that hold what the carrier calls a call."""

LONGEST_METADATA = 32 * 1024
"""How many bytes of JSON the notes on a call have at most, all together."""

_OUTBOUND_ID = re.compile(r"call_[0-9a-f]{24}")


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class CallState(StrEnum):
    """Where a call stands: a closed set. Inbound calls ring, outbound calls are dialled."""

    SCHEDULED = "scheduled"
    RINGING = "ringing"
    DIALLING = "dialling"
    ANSWERED = "answered"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a call ended, or is being ended: a closed set. The first three are refusals.

    From ``BUSY`` on they are outbound calls' alone; ``REFUSED`` (by a guard, when it was due),
    ``MISSED`` (nobody was there when it was due) and ``SCHEDULE_CANCELLED`` are scheduled ones'.
    ``NOT_DISPATCHED``: LiveKit did not take the request for its agent, so no worker knew of it.
    ``UNKNOWN``: it was dialled, or was about to be, and nobody is left who knows what came of it.
    """

    UNKNOWN_NUMBER = RefusalReason.UNKNOWN_NUMBER.value
    UNBOUND_NUMBER = RefusalReason.UNBOUND_NUMBER.value
    FOREIGN_CARRIER_ACCOUNT = RefusalReason.FOREIGN_CARRIER_ACCOUNT.value
    NO_AGENT = "no_agent"
    AGENT_SILENT = "agent_silent"
    AGENT_GONE = "agent_gone"
    ENDED_BY_REQUEST = "ended_by_request"
    CALLER_HUNG_UP = "caller_hung_up"
    CALLER_GAVE_UP = "caller_gave_up"
    AGENT_HUNG_UP = "agent_hung_up"
    NOT_ANSWERED = "not_answered"
    NOT_DISPATCHED = "not_dispatched"
    CONNECTION_LOST = "connection_lost"
    BUSY = "busy"
    DECLINED = "declined"
    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CARRIER_REFUSED = "carrier_refused"
    NOT_DIALLED = "not_dialled"
    STOPPED = "stopped"
    REFUSED = "refused"
    MISSED = "missed"
    SCHEDULE_CANCELLED = "schedule_cancelled"
    UNKNOWN = "unknown"


_BY_DISCONNECT = {
    "ROOM_DELETED": EndReason.AGENT_HUNG_UP,
    "PARTICIPANT_REMOVED": EndReason.AGENT_HUNG_UP,
    "USER_UNAVAILABLE": EndReason.NOT_ANSWERED,
    "USER_REJECTED": EndReason.NOT_ANSWERED,
}


class CallNotFoundError(DomainError):
    """The organization has no such call."""

    kind = Kind.NOT_FOUND
    code = "call.not_found"
    message = "Call not found"

    def __init__(self, organization_id: OrganizationId, call_id: str) -> None:
        """Name both."""
        super().__init__(
            f"Call with ID '{call_id}' does not exist in organization '{organization_id}'"
        )


class CallInProgressError(DomainError):
    """The call is up, so its record cannot go."""

    kind = Kind.CONFLICT
    code = "call.in_progress"
    message = "Call in progress"

    def __init__(self, call_id: str) -> None:
        """Name the call."""
        super().__init__(f"Call with ID '{call_id}' has not ended; end it first")


def checked_notes(sent: dict[str, Any] | None) -> dict[str, Any]:
    """Return the notes that are sent, none where they are left out.

    Raises:
        InvalidError: They hold NUL, are nested too deeply, or too long.
    """
    notes = sent or {}
    check_json({"metadata": notes}, LONGEST_METADATA)
    check_metadata(notes)
    return notes


def check_metadata(metadata: dict[str, Any]) -> None:
    """Hold all the notes that a call is to have against what is kept of them.

    Raises:
        InvalidError: ``validation.length``.
    """
    if len(msgspec.json.encode(metadata)) > LONGEST_METADATA:
        reason = f"must have at most {LONGEST_METADATA:,} bytes of JSON in all"
        raise InvalidError("metadata", "length", reason)


def room_key(room_sid: str, room: str) -> str:
    """Return what tells a room from all others.

    It is its sid; but an outbound call's room is made under the call's id, which no room of an
    inbound call can have, and is known by it before there is a sid.
    """
    return room if _OUTBOUND_ID.fullmatch(room) else room_sid


class Leg(msgspec.Struct, frozen=True):
    """The telephone's side of a call, as its attributes tell, or as it was asked for.

    Attributes:
        sip_call_id: ``sip.callID``; empty until it is known.
        rule_id: The dispatch rule by which it came; empty for an outbound call.
        carrier_ids: What the carrier calls it, by attribute (``sip.twilio.callSid`` …).
    """

    sip_call_id: str
    rule_id: str
    dialled: str
    caller: str
    joined_ms: int
    carrier_ids: dict[str, str]


class OutboundDial(msgspec.Struct, frozen=True):
    """What became of the dial of an outbound call. There is never a second one.

    Attributes:
        trunk_id: LiveKit's outbound trunk.
        intent_ms: Since when it may have been made; None: nobody's telephone has rung.
        outcome_ms: When it was known what came of it; None: not yet.
        sip_status: The final SIP response (RFC 3261, section 21) of a call that was not answered,
            where LiveKit tells it.
        longest_ms: How long the call may last at the most, as it has reserved and LiveKit is told.
    """

    trunk_id: str
    intent_ms: int | None = None
    outcome_ms: int | None = None
    sip_status: int | None = None
    longest_ms: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether it may be ringing somewhere."""
        return self.intent_ms is not None and self.outcome_ms is None


class Schedule(msgspec.Struct, frozen=True):
    """When a call is to be made, and what of its request is decided again then.

    Attributes:
        at_ms: When it is due.
        agent_id: Who talks; None for the outbound agent that the number has then.
        agent_version: Its version, as far as it was asked for.
        begun_ms: When it began to be made; None: it has not.
        refusal: The code of what kept it from being made when it was last tried; or empty.
    """

    at_ms: int
    agent_id: str | None
    agent_version: int | None
    begun_ms: int | None = None
    refusal: str = ""


class Call(msgspec.Struct, frozen=True):
    """A call that came in, or one that goes out.

    Attributes:
        organization_id: Whose; :data:`NOBODY` for an unknown number.
        room_sid: The room's key (:func:`room_key`).
        room: The room's name; an inbound call's holds the caller's number.
        decision: Taken when it rang, or was asked for; nothing changes it afterwards.
        is_decided_here: Whether Cordboard sends for its agent, and not LiveKit alone.
        attempt: Which of the decision's targets is being tried, from 0.
        tried_ms: When that began; its deadlines count from here.
        asked_ms: When its dispatch was last asked for.
        refused_ms: When LiveKit first failed to take the request for the agent that is being tried;
            None: it has not.
        dispatch_id: The dispatch that stays; empty until it is known.
        closing_ms: Since when it is being ended by Cordboard, for ``closing_reason``.
        metadata: The customer's own notes.
        dial: Of an outbound call; None for one that came in.
        schedule: Of a call that was asked for ahead of its time. While it waits, ``started_ms`` is
            when it is tried next.
    """

    call_id: str
    organization_id: OrganizationId
    cluster_id: str
    room_sid: str
    room: str
    leg: Leg
    decision: Decision
    is_decided_here: bool
    state: CallState
    started_ms: int
    created_ms: int
    updated_ms: int
    answered_ms: int | None = None
    ended_ms: int | None = None
    end_reason: EndReason | None = None
    attempt: int = 0
    tried_ms: int = 0
    asked_ms: int = 0
    refused_ms: int | None = None
    dispatch_id: str = ""
    closing_ms: int | None = None
    closing_reason: EndReason | None = None
    metadata: dict[str, Any] = {}
    dial: OutboundDial | None = None
    schedule: Schedule | None = None

    @property
    def begun_ms(self) -> int | None:
        """When it rang, or began to be made; None for a call that never was."""
        return self.started_ms if self.schedule is None else self.schedule.begun_ms

    @property
    def direction(self) -> Direction:
        """Who called whom."""
        return Direction.INBOUND if self.dial is None else Direction.OUTBOUND

    @property
    def is_unmatched(self) -> bool:
        """Whether no agent was found for it."""
        return not isinstance(self.decision, Accepted)

    @property
    def target(self) -> Target | None:
        """The agent that is being tried, or None for a refused call."""
        if not isinstance(self.decision, Accepted):
            return None
        return self.decision.targets[self.attempt]

    @property
    def next_target(self) -> Target | None:
        """The agent that takes over when this one fails, or None."""
        if not isinstance(self.decision, Accepted):
            return None
        later = self.decision.targets[self.attempt + 1 :]
        return later[0] if later else None

    @property
    def duration_ms(self) -> int:
        """How long it was answered, 0 while it is up or when it never was."""
        if self.answered_ms is None or self.ended_ms is None:
            return 0
        return self.ended_ms - self.answered_ms

    def observed(self, seen: Seen, now_ms: int) -> "Call":
        """Return the record as what was seen of its room makes it.

        The agent's first audio counts as the answer: LiveKit tells of no other. An outbound call
        is not changed: who follows it does that (``outbound/steps.py``).
        """
        if self.dial is not None:
            return self
        ended_ms = _ended_ms(seen, self.started_ms)
        answered_ms = _answered_ms(seen, self.started_ms, ended_ms)
        state = CallState.RINGING if answered_ms is None else CallState.ANSWERED
        reason = None
        if ended_ms is not None:
            state = CallState.ENDED
            reason = self.closing_reason or _reason(seen, is_answered=answered_ms is not None)
        after = msgspec.structs.replace(
            self, state=state, answered_ms=answered_ms, ended_ms=ended_ms, end_reason=reason
        )
        return after.changed(now_ms) if after != self else self

    def never_begun(self, now_ms: int, reason: EndReason) -> "Call":
        """Return the record of a scheduled call that is not made."""
        return self.changed(
            now_ms, state=CallState.ENDED, started_ms=now_ms, ended_ms=now_ms, end_reason=reason
        )

    def changed(self, now_ms: int, **fields: Any) -> "Call":  # noqa: ANN401 - as the fields are
        """Return the record with other values; ``updated_ms`` never goes backwards."""
        updated_ms = max(self.updated_ms, now_ms)
        return msgspec.structs.replace(self, updated_ms=updated_ms, **fields)


def _ended_ms(seen: Seen, started_ms: int) -> int | None:
    left_ms = seen.finished_ms if seen.caller.left_ms is None else seen.caller.left_ms
    return None if left_ms is None else max(left_ms, started_ms)


def _answered_ms(seen: Seen, started_ms: int, ended_ms: int | None) -> int | None:
    audio = [agent.audio_ms for agent in seen.agents if agent.audio_ms is not None]
    if not audio:
        return None
    answered_ms = max(min(audio), started_ms)
    return answered_ms if ended_ms is None or answered_ms <= ended_ms else None


def _reason(seen: Seen, *, is_answered: bool) -> EndReason:
    because = seen.caller.because
    if because == "CLIENT_INITIATED":
        return EndReason.CALLER_HUNG_UP if is_answered else EndReason.CALLER_GAVE_UP
    return _BY_DISCONNECT.get(because, EndReason.CONNECTION_LOST)
