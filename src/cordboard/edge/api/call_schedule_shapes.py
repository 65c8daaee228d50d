"""Calls that wait for their time, on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.calls.model import Call
from cordboard.edge.api.call_schedule_fields import ScheduledTimestamp
from cordboard.edge.api.call_shapes import CallAnswer, CallIdentifier, call_answer
from cordboard.edge.api.resource_fields import OrganizationName
from cordboard.runtime.clock import iso_utc


class UpdateSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another time for a call that waits."""

    scheduled_timestamp: ScheduledTimestamp


class MovedCall(msgspec.Struct, frozen=True):
    """A call that waits for another time now."""

    operation: Annotated[
        str,
        Meta(description="Always schedule_update.", extra_json_schema={"const": "schedule_update"}),
    ]
    organization_id: OrganizationName
    call_id: CallIdentifier
    previous_scheduled_timestamp: Annotated[
        int, Meta(description="When it was due before, in Unix seconds.", examples=[1_999_990_000])
    ]
    new_scheduled_timestamp: Annotated[
        int, Meta(description="When it is due now, in Unix seconds.", examples=[2_000_000_000])
    ]
    scheduled_for_human: Annotated[
        str,
        Meta(description="The same as ISO 8601, UTC.", examples=["2033-05-18T03:33:20Z"]),
    ]
    call: Annotated[CallAnswer, Meta(description="The call as it is now.")]


class UnscheduledCall(msgspec.Struct, frozen=True):
    """A call that is not made."""

    operation: Annotated[
        str,
        Meta(
            description="Always schedule_cancelled.",
            extra_json_schema={"const": "schedule_cancelled"},
        ),
    ]
    organization_id: OrganizationName
    call_id: CallIdentifier
    cancelled_scheduled_timestamp: Annotated[
        int, Meta(description="When it was due, in Unix seconds.", examples=[2_000_000_000])
    ]
    call: Annotated[CallAnswer, Meta(description="The call as it is now.")]


def moved_call(call: Call, previous_ms: int, at_ms: int) -> MovedCall:
    """Return a call that was moved, as it is answered."""
    return MovedCall(
        "schedule_update",
        call.organization_id,
        call.call_id,
        previous_ms // 1000,
        at_ms // 1000,
        iso_utc(at_ms),
        call_answer(call),
    )


def unscheduled_call(call: Call, previous_ms: int) -> UnscheduledCall:
    """Return a call that was cancelled, as it is answered."""
    return UnscheduledCall(
        "schedule_cancelled",
        call.organization_id,
        call.call_id,
        previous_ms // 1000,
        call_answer(call),
    )
