"""Calls on the wire."""

import uuid
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cordboard.calls.model import Call, CallState, Direction, EndReason
from cordboard.calls.store import SORTS, CallPage, CallQuery
from cordboard.edge.api.call_events import CallEvent, call_events, called_number
from cordboard.edge.api.call_schedule_fields import ScheduledAt, notes_with_schedule
from cordboard.edge.api.paging import PagePosition, ReturnedCount, UsedOrder, page_position
from cordboard.edge.api.resource_fields import Instant, OrganizationName
from cordboard.edge.api.route_shapes import StepShape, TargetShape, target_shape, trace_shape
from cordboard.edge.api.schema_rules import choices
from cordboard.routing.model import Accepted
from cordboard.runtime.clock import iso_utc

STATUSES = ("REGISTERED", "ONGOING", "ENDED", "ERROR", "SCHEDULED")
_NAMESPACE = uuid.UUID("6f2d8c1e-5f0b-4c53-9a0e-7f3f9f0f6c11")
_CALL_SIDS = ("sip.twilio.callSid", "sip.telnyx.callSessionID", "sip.telnyx.callLegID")
_HANGUPS = {
    EndReason.CALLER_HUNG_UP: "USER_HANGUP",
    EndReason.CALLER_GAVE_UP: "USER_HANGUP",
    EndReason.AGENT_HUNG_UP: "AGENT_HANGUP",
}

CallIdentifier = Annotated[
    str, Meta(description="The call's id.", examples=["call_mfrggzdfmztwq2lknnwg23tpob"])
]
AgentName = Annotated[
    str | None,
    Meta(description="The agent that answers, or null.", examples=["agent_abc123"]),
]
Millisecond = Annotated[
    int | None, Meta(description="Epoch milliseconds, or null.", examples=[1705314600123])
]
Notes = Annotated[
    dict[str, Any],
    Meta(
        description="The customer's own notes. A call that was scheduled has is_scheduled, "
        "scheduled_timestamp, execution_status (pending, executed, cancelled, failed) and, where "
        "something kept it from being made, execution_error among them.",
        examples=[{"ticket": "T-1"}],
    ),
]
NotRecorded = Annotated[
    None, Meta(description="Always null: what is said on a call does not pass through Cordboard.")
]


class TelephonyIdentifier(msgspec.Struct, frozen=True):
    """What the carrier calls a call."""

    call_sid: Annotated[
        str | None, Meta(description="The carrier's id, where it sends one.", examples=["CA1f2e"])
    ]
    conference_sid: NotRecorded


class CallAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A call: the published fields."""

    id: Annotated[
        str,
        Meta(
            description="The call's id as a UUID.",
            examples=["0b7f6f5e-3f0e-5c0f-8b6e-0d9f1f2e3d4c"],
            extra_json_schema={"format": "uuid"},
        ),
    ]
    call_id: CallIdentifier
    agent_id: AgentName
    organization_id: OrganizationName
    call_status: Annotated[
        str,
        Meta(
            description="SCHEDULED until it is due; REGISTERED while it rings, ONGOING while it is "
            "answered or dialled, then ENDED; ERROR when no agent was found for it.",
            examples=["ENDED"],
            extra_json_schema=choices(*STATUSES),
        ),
    ]
    call_type: Annotated[
        str, Meta(description="Always PHONE_CALL.", extra_json_schema={"const": "PHONE_CALL"})
    ]
    direction: Annotated[
        str,
        Meta(
            description="Whether it came in or was made.",
            examples=["INBOUND"],
            extra_json_schema=choices(*Direction),
        ),
    ]
    from_number: Annotated[
        str | None,
        Meta(
            description="The caller, as the carrier says; the number itself, of a call that was "
            "made.",
            examples=["+12125550100"],
        ),
    ]
    to_number: Annotated[
        str, Meta(description="The number that was called.", examples=["+14157774444"])
    ]
    created_at: Instant
    updated_at: Instant
    scheduled_at: ScheduledAt | UnsetType = UNSET
    start_timestamp: Millisecond
    end_timestamp: Millisecond
    call_duration: Annotated[
        int, Meta(description="Milliseconds from answer to end.", examples=[61250])
    ]
    disconnection_reason: Annotated[
        str | None,
        Meta(description="Why it ended, or null.", examples=["USER_HANGUP"]),
    ]
    recording_url: NotRecorded = None
    public_log_url: NotRecorded = None
    metadata: Notes
    events: Annotated[list[CallEvent], Meta(description="What happened, the oldest first.")]
    transcript: NotRecorded = None
    call_analysis: NotRecorded = None
    call_cost: NotRecorded = None
    telephony_identifier: Annotated[
        TelephonyIdentifier, Meta(description="What the carrier calls it.")
    ]


class CallDetails(CallAnswer, frozen=True, kw_only=True):
    """A call with everything Cordboard knows of it."""

    scheduled_at: ScheduledAt
    agent_version: Annotated[
        int | None, Meta(description="The agent's version, or null.", examples=[1])
    ]
    state: Annotated[
        str,
        Meta(
            description="Where it stands.",
            examples=["ended"],
            extra_json_schema=choices(*CallState),
        ),
    ]
    end_reason: Annotated[
        str | None,
        Meta(
            description="Why it ended, or null.",
            examples=["caller_hung_up"],
            extra_json_schema=choices(*EndReason, None),
        ),
    ]
    answered_timestamp: Millisecond
    sip_status: Annotated[
        int | None,
        Meta(
            description="The final SIP response of a call that was made and not answered, or null.",
            examples=[486],
        ),
    ]
    targets: Annotated[
        list[TargetShape],
        Meta(description="The agents that were to answer, as decided when it rang."),
    ]
    trace: Annotated[list[StepShape], Meta(description="Each step of that decision.")]


class CallList(msgspec.Struct, frozen=True):
    """A page of calls."""

    organization_id: OrganizationName
    calls: Annotated[list[CallAnswer], Meta(description="The calls of the page.")]
    returned_count: ReturnedCount
    pagination: Annotated[PagePosition, Meta(description="Where in the list the page lies.")]
    sort_order: UsedOrder
    sort_by: Annotated[
        str,
        Meta(
            description="What the list is sorted by.",
            examples=["start_timestamp"],
            extra_json_schema=choices(*SORTS),
        ),
    ]
    applied_filters: Annotated[
        dict[str, Any],
        Meta(description="The filters in use.", examples=[{"call_status": ["ENDED"]}]),
    ]


class UnmatchedCall(msgspec.Struct, frozen=True):
    """A call for which no agent was found. The caller of nobody's number is not shown."""

    call_id: CallIdentifier
    organization_id: Annotated[
        str | None,
        Meta(description="Whose number it was; null for nobody's.", examples=["org_123"]),
    ]
    to: Annotated[
        str, Meta(description="What the carrier sent as the called number.", examples=["100"])
    ]
    from_number: Annotated[
        str | None, Meta(description="The caller, or null.", examples=["+12125550100"])
    ]
    start_timestamp: Millisecond
    reason: Annotated[
        str,
        Meta(
            description="Why none was found.",
            examples=["unbound_number"],
            extra_json_schema=choices(
                "unknown_number", "unbound_number", "foreign_carrier_account"
            ),
        ),
    ]
    trace: Annotated[list[StepShape], Meta(description="Each step of the decision.")]


class UnmatchedCalls(msgspec.Struct, frozen=True):
    """A page of calls for which no agent was found."""

    organization_id: OrganizationName
    calls: Annotated[list[UnmatchedCall], Meta(description="The calls, newest first.")]
    returned_count: ReturnedCount
    pagination: Annotated[PagePosition, Meta(description="Where in the list the page lies.")]


class DeletedCall(msgspec.Struct, frozen=True):
    """A call whose record is gone."""

    call_id: CallIdentifier
    organization_id: OrganizationName


class UpdatedCall(msgspec.Struct, frozen=True):
    """A call that was changed."""

    operation: Annotated[
        str, Meta(description="Always update.", extra_json_schema={"const": "update"})
    ]
    organization_id: OrganizationName
    call: Annotated[CallAnswer, Meta(description="The call as it is now.")]


class CallContext(msgspec.Struct, frozen=True):
    """What a worker may want to know of its call."""

    call_id: CallIdentifier
    organization_id: OrganizationName
    agent_id: AgentName
    agent_version: Annotated[
        int | None, Meta(description="The agent's version, or null.", examples=[1])
    ]
    dynamic_variables: Annotated[
        dict[str, Any],
        Meta(description="Variables for the agent; empty in this version.", examples=[{}]),
    ]
    metadata: Notes


def call_answer(call: Call) -> CallAnswer:
    """Return a call as lists show it."""
    return CallAnswer(**_published(call), scheduled_at=_scheduled_at(call) or UNSET)


def call_details(call: Call) -> CallDetails:
    """Return a call as it is shown alone."""
    decision = call.decision
    return CallDetails(
        **_published(call),
        scheduled_at=_scheduled_at(call),
        agent_version=None if call.target is None else call.target.agent_version,
        state=call.state,
        end_reason=call.end_reason,
        answered_timestamp=call.answered_ms,
        sip_status=None if call.dial is None else call.dial.sip_status,
        targets=[target_shape(each) for each in decision.targets]
        if isinstance(decision, Accepted)
        else [],
        trace=trace_shape(decision.trace),
    )


def call_context(call: Call) -> CallContext:
    """Return what a worker may want to know."""
    target = call.target
    return CallContext(
        call_id=call.call_id,
        organization_id=call.organization_id,
        agent_id=None if target is None else target.agent_id,
        agent_version=None if target is None else target.agent_version,
        dynamic_variables={},
        metadata=call.metadata,
    )


def call_list(
    query: CallQuery, page: CallPage, organization_id: str, filters: dict[str, Any]
) -> CallList:
    """Return a page as it is answered."""
    return CallList(
        organization_id=organization_id,
        calls=[call_answer(call) for call in page.calls],
        returned_count=len(page.calls),
        pagination=page_position(query.page, query.limit, page.total),
        sort_order=query.sort_order,
        sort_by=query.sort_by,
        applied_filters=filters,
    )


def unmatched_calls(query: CallQuery, page: CallPage, organization_id: str) -> UnmatchedCalls:
    """Return a page of unmatched calls as it is answered."""
    return UnmatchedCalls(
        organization_id=organization_id,
        calls=[_unmatched(call) for call in page.calls],
        returned_count=len(page.calls),
        pagination=page_position(query.page, query.limit, page.total),
    )


def _unmatched(call: Call) -> UnmatchedCall:
    is_somebodys = bool(call.organization_id)
    return UnmatchedCall(
        call_id=call.call_id,
        organization_id=call.organization_id or None,
        to=call.leg.dialled,
        from_number=call.leg.caller or None if is_somebodys else None,
        start_timestamp=call.started_ms,
        reason="" if isinstance(call.decision, Accepted) else call.decision.reason,
        trace=trace_shape(call.decision.trace),
    )


def _published(call: Call) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(_NAMESPACE, call.call_id)),
        "call_id": call.call_id,
        "agent_id": None if call.target is None else call.target.agent_id,
        "organization_id": call.organization_id,
        "call_status": _status(call),
        "call_type": "PHONE_CALL",
        "direction": call.direction,
        "from_number": call.leg.caller or None,
        "to_number": called_number(call),
        "created_at": iso_utc(call.created_ms),
        "updated_at": iso_utc(call.updated_ms),
        "start_timestamp": call.begun_ms,
        "end_timestamp": call.ended_ms,
        "call_duration": call.duration_ms,
        "disconnection_reason": _disconnection(call),
        "metadata": notes_with_schedule(call),
        "events": call_events(call),
        "telephony_identifier": TelephonyIdentifier(_call_sid(call), None),
    }


def _scheduled_at(call: Call) -> str | None:
    return None if call.schedule is None else iso_utc(call.schedule.at_ms)


def _status(call: Call) -> str:
    if call.state is CallState.SCHEDULED:
        return "SCHEDULED"
    if call.state is CallState.RINGING:
        return "REGISTERED"
    if call.state in {CallState.ANSWERED, CallState.DIALLING}:
        return "ONGOING"
    return "ERROR" if call.is_unmatched else "ENDED"


def _disconnection(call: Call) -> str | None:
    if call.end_reason is None:
        return None
    return _HANGUPS.get(call.end_reason, call.end_reason.upper())


def _call_sid(call: Call) -> str | None:
    ids = call.leg.carrier_ids
    return next((ids[name] for name in _CALL_SIDS if name in ids), None)
