"""Calls as people read them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cordboard.edge.cli.output import print_record, print_table
from cordboard.edge.cli.trace import answers, print_trace, refusal, takes_over
from cordboard.edge.client.calls import (
    Call,
    CallContext,
    CallItem,
    CallList,
    CreatedPhoneCall,
    DeletedCall,
    UnmatchedCalls,
)
from cordboard.runtime.clock import iso_utc

OUTBOUND = "OUTBOUND"
SCHEDULED = "SCHEDULED"


def print_calls(pages: Sequence[CallList]) -> None:
    """Print a table of calls."""
    print_table(
        ("CALL", "STARTED", "DIRECTION", "FROM", "TO", "AGENT", "STATUS", "TALKED", "ENDED"),
        (
            (
                call.call_id,
                _began(call),
                call.direction,
                call.from_number,
                call.to_number,
                call.agent_id,
                call.call_status,
                _talked(call),
                call.disconnection_reason,
            )
            for page in pages
            for call in page.calls
        ),
    )


def print_unmatched(pages: Sequence[UnmatchedCalls]) -> None:
    """Print a table of calls for which no agent was found."""
    print_table(
        ("CALL", "STARTED", "FROM", "TO", "REASON"),
        (
            (
                call.call_id,
                _instant(call.start_timestamp),
                call.from_number,
                call.to,
                refusal(call.reason),
            )
            for page in pages
            for call in page.calls
        ),
    )


def print_call(call: Call) -> None:
    """Print a call, a field per line, then the decision that was taken when it rang."""
    fields: list[tuple[str, object]] = [
        *_fields(call, call.agent_version),
        *_agents(call),
        ("Answered", _after(call, call.answered_timestamp)),
        ("Ended", _after(call, call.end_timestamp)),
        ("End reason", call.end_reason and refusal(call.end_reason)),
        *([] if call.sip_status is None else [("SIP response", call.sip_status)]),
        ("Talked", _talked(call)),
        ("Carrier's id", call.telephony_identifier.call_sid),
        ("Notes", _notes(call.metadata)),
    ]
    print_record(fields)
    if call.trace:
        print_trace(call.trace)


def print_placed(created: CreatedPhoneCall) -> None:
    """Print a call that is being made."""
    call = created.call
    print_record(
        [
            ("Call", call.call_id),
            ("From", call.from_number),
            ("To", call.to_number),
            ("Agent", call.agent_id),
            ("Created", call.created_at),
        ]
    )


def print_noted(call: CallItem) -> None:
    """Print a call after its notes were changed."""
    print_record([*_fields(call, None), ("Notes", _notes(call.metadata))])


def print_context(context: CallContext) -> None:
    """Print what a call's worker may want to know."""
    print_record(
        [
            ("Call", context.call_id),
            ("Agent", _versioned(context.agent_id, context.agent_version)),
            ("Variables", _notes(context.dynamic_variables)),
            ("Notes", _notes(context.metadata)),
        ]
    )


def print_deleted(deleted: DeletedCall) -> None:
    """Print whose record is gone."""
    print_record([("Call", deleted.call_id)])


def described(call: CallItem) -> str:
    """Return a call with what people know it by, for a question."""
    return f"{call.call_id} ({call.from_number or 'unknown'} to {call.to_number})"


def _fields(call: CallItem, version: int | None) -> list[tuple[str, object]]:
    return [
        ("Call", call.call_id),
        ("Direction", call.direction),
        ("From", call.from_number),
        ("To", call.to_number),
        ("Status", call.call_status),
        ("Agent", _versioned(call.agent_id, version)),
        ("Started", _instant(call.start_timestamp)),
        *_due(call),
    ]


def _due(call: CallItem) -> list[tuple[str, object]]:
    """Return when a call that waits is to be made."""
    return [("Due", call.scheduled_at)] if call.call_status == SCHEDULED else []


def _began(call: CallItem) -> str | None:
    """Return when a call began, or is to begin."""
    is_waiting = call.call_status == SCHEDULED
    return f"due {call.scheduled_at}" if is_waiting else _instant(call.start_timestamp)


def _agents(call: Call) -> list[tuple[str, object]]:
    if call.direction == OUTBOUND:
        return [("Talks", answers(call.targets))]
    return [("Answered by", answers(call.targets)), ("If it fails", takes_over(call.targets))]


def _versioned(agent_id: str | None, version: int | None) -> str | None:
    return f"{agent_id}@{version}" if agent_id and version else agent_id


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc(at_ms)


def _after(call: CallItem, at_ms: int | None) -> str | None:
    """Return an instant as seconds since the call began, which is how calls are talked about."""
    if at_ms is None or call.start_timestamp is None:
        return None
    return f"after {(at_ms - call.start_timestamp) / 1000:.3f} s"


def _talked(call: CallItem) -> str | None:
    return f"{call.call_duration / 1000:.1f} s" if call.call_duration else None


def _notes(notes: dict[str, Any]) -> str | None:
    return msgspec.json.encode(notes).decode() if notes else None
