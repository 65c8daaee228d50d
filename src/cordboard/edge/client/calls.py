"""Requests about calls, and what they answer."""

import base64
import hashlib
from typing import Any, Literal

import msgspec

from cordboard.edge.client.paging import PagePosition
from cordboard.edge.client.request import Request, new_idempotency_key, path_to
from cordboard.edge.client.route import Target, TraceStep

SortBy = Literal["start_timestamp", "created_at", "updated_at"]
SortOrder = Literal["descending", "ascending"]

LARGEST_PAGE = 1000
CLUSTER = "default"
"""The name under which a server knows its LiveKit."""

_CALLS = "calls"
_ID_LENGTH = 26


class NewCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call to make; what is None gets the server's default.

    Attributes:
        from_number: A number of the organization, which the other side sees.
        override_agent_id: Who talks, in place of the number's outbound agent.
        scheduled_timestamp: When to call, in Unix seconds; now when None.
        metadata: The organization's own notes.
    """

    from_number: str
    to_number: str
    override_agent_id: str | None = None
    override_agent_version: int | None = None
    scheduled_timestamp: int | None = None
    metadata: dict[str, Any] | None = None


class PlacedCall(msgspec.Struct, frozen=True):
    """A call that is being made."""

    call_id: str
    agent_id: str
    from_number: str
    to_number: str
    created_at: str


class CreatedPhoneCall(msgspec.Struct, frozen=True):
    """A call that the server has taken on."""

    call: PlacedCall


class CallQuery(msgspec.Struct, frozen=True):
    """Which calls to list, and in which order; what is None or empty does not filter.

    Attributes:
        statuses: ``SCHEDULED``, ``REGISTERED`` (it rings), ``ONGOING``, ``ENDED``, or ``ERROR``
            (nobody was found).
        agent_ids: Calls of one of these agents.
        shortest_ms, longest_ms: From answer to end.
        limit: Calls per page, 1–1,000; the server's default is 20.
    """

    limit: int | None = None
    sort_by: SortBy | None = None
    sort_order: SortOrder | None = None
    statuses: tuple[str, ...] = ()
    agent_ids: tuple[str, ...] = ()
    shortest_ms: int | None = None
    longest_ms: int | None = None


class TelephonyIdentifier(msgspec.Struct, frozen=True):
    """What the carrier calls a call, where it sends that."""

    call_sid: str | None


class CallItem(msgspec.Struct, frozen=True, kw_only=True):
    """A call as lists show it.

    Attributes:
        call_status: See :class:`CallQuery`.
        scheduled_at: When a call that was asked for ahead of its time is due; None for others.
        start_timestamp, end_timestamp: Epoch milliseconds.
        call_duration: Milliseconds from answer to end; 0 while it is up, or if nobody answered.
        metadata: The organization's own notes.
    """

    call_id: str
    agent_id: str | None
    call_status: str
    direction: str
    from_number: str | None
    to_number: str
    created_at: str
    updated_at: str
    scheduled_at: str | None = None
    start_timestamp: int | None
    end_timestamp: int | None
    call_duration: int
    disconnection_reason: str | None
    metadata: dict[str, Any]
    telephony_identifier: TelephonyIdentifier


class Call(CallItem, frozen=True, kw_only=True):
    """A call with everything that the server knows of it.

    Attributes:
        state: ``scheduled``, ``ringing``, ``dialling``, ``answered`` or ``ended``.
        end_reason: Of a closed set; None while it is up.
        targets: The agents that were to answer, as decided when it rang.
        trace: Each step of that decision.
        sip_status: The final SIP response of a call that was made and not answered.
    """

    agent_version: int | None
    state: str
    end_reason: str | None
    answered_timestamp: int | None
    sip_status: int | None = None
    targets: list[Target]
    trace: list[TraceStep]


class CallList(msgspec.Struct, frozen=True):
    """A page of calls."""

    organization_id: str
    calls: list[CallItem]
    pagination: PagePosition


class UnmatchedCall(msgspec.Struct, frozen=True):
    """A call for which no agent was found.

    Attributes:
        organization_id: Whose number it was; None for nobody's, whose caller is not shown.
        to: What the carrier sent as the called number.
        reason: Of a closed set, such as ``unbound_number``.
    """

    call_id: str
    organization_id: str | None
    to: str
    from_number: str | None
    start_timestamp: int | None
    reason: str
    trace: list[TraceStep]


class UnmatchedCalls(msgspec.Struct, frozen=True):
    """A page of calls for which no agent was found, newest first."""

    calls: list[UnmatchedCall]
    pagination: PagePosition


class CallContext(msgspec.Struct, frozen=True):
    """What a worker may want to know of its call."""

    call_id: str
    agent_id: str | None
    agent_version: int | None
    dynamic_variables: dict[str, Any]
    metadata: dict[str, Any]


class UpdatedCall(msgspec.Struct, frozen=True):
    """A call whose notes were changed, as it is now."""

    call: CallItem


class Rescheduled(msgspec.Struct, frozen=True):
    """A call that waits for another time, or for none any more, as it is now."""

    call: CallItem


class DeletedCall(msgspec.Struct, frozen=True):
    """A call whose record is gone."""

    call_id: str


def call_id_of(sip_call_id: str) -> str:
    """Return the id of a call's record, which anybody can compute from ``sip.callID``.

    ``call_`` and the first 26 characters of the lower-case base32 of SHA-256 of
    ``cluster + "/" + sip.callID``; the id stays the same from the first ring on.
    """
    digest = hashlib.sha256(f"{CLUSTER}/{sip_call_id}".encode()).digest()
    return "call_" + base64.b32encode(digest).decode().lower()[:_ID_LENGTH]


def create_phone_call(
    new: NewCall, idempotency_key: str | None = None
) -> Request[CreatedPhoneCall]:
    """Call somebody: the agent joins first, then the number is dialled, once."""
    return Request(
        method="POST",
        path=path_to(_CALLS, "create-phone-call"),
        answer=CreatedPhoneCall,
        body=new,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def list_calls(query: CallQuery, page: int = 0) -> Request[CallList]:
    """List calls, one page."""
    duration = {"lower_threshold": query.shortest_ms, "upper_threshold": query.longest_ms}
    criteria = {
        "call_status": query.statuses or None,
        "agent_id": query.agent_ids or None,
        "duration_ms": _given(duration) or None,
    }
    asked = {
        "page": page,
        "limit": query.limit,
        "sort_by": query.sort_by,
        "sort_order": query.sort_order,
        "filter_criteria": _given(criteria) or None,
    }
    return Request("POST", path_to(_CALLS), CallList, body=_given(asked), is_lookup=True)


def list_unmatched_calls(limit: int | None = None, page: int = 0) -> Request[UnmatchedCalls]:
    """List calls for which no agent was found, those to nobody's numbers too, one page."""
    path = path_to(_CALLS, "unmatched")
    return Request("GET", path, UnmatchedCalls, {"page": page, "limit": limit})


def get_call(call_id: str) -> Request[Call]:
    """Show a call."""
    return Request("GET", path_to(_CALLS, call_id), Call)


def get_call_context(call_id: str) -> Request[CallContext]:
    """Show what a call's worker may want to know."""
    return Request("GET", path_to(_CALLS, call_id, "context"), CallContext)


def update_call(call_id: str, metadata: dict[str, Any]) -> Request[UpdatedCall]:
    """Merge notes into those that a call has; a key that is there is replaced."""
    path = path_to(_CALLS, call_id)
    return Request("PUT", path, UpdatedCall, body={"metadata": metadata})


def reschedule_call(call_id: str, scheduled_timestamp: int) -> Request[Rescheduled]:
    """Move a call that waits to another time, in Unix seconds."""
    path = path_to(_CALLS, call_id, "schedule")
    return Request("PUT", path, Rescheduled, body={"scheduled_timestamp": scheduled_timestamp})


def cancel_call(call_id: str) -> Request[Rescheduled]:
    """Let a call that waits never be made; its record stays."""
    return Request("DELETE", path_to(_CALLS, call_id, "schedule"), Rescheduled)


def end_call(call_id: str) -> Request[Call]:
    """End a call that is up; one that has ended stays as it is."""
    return Request("POST", path_to(_CALLS, call_id, "end"), Call)


def delete_call(call_id: str) -> Request[DeletedCall]:
    """Delete the record of a call that has ended."""
    return Request("DELETE", path_to(_CALLS, call_id), DeletedCall)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
