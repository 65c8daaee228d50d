"""When a call is to be made, on the wire, and what became of that."""

from typing import Annotated, Any

from msgspec import Meta

from cordboard.calls.model import Call, CallState, EndReason
from cordboard.edge.api.query import LARGEST_INTEGER
from cordboard.runtime.errors import InvalidError

ScheduledTimestamp = Annotated[
    int,
    Meta(
        description="When the call is to be made, in Unix seconds; it must lie in the future.",
        examples=[2_000_000_000],
        extra_json_schema={"maximum": LARGEST_INTEGER},
    ),
]
ScheduledAt = Annotated[
    str | None,
    Meta(
        description="When a call that was asked for ahead of its time is due, or was; null for "
        "every other call, of which lists leave it out.",
        examples=["2033-05-18T03:33:20Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
_EXECUTIONS = {EndReason.SCHEDULE_CANCELLED: "cancelled", EndReason.ENDED_BY_REQUEST: "cancelled"}


def checked_time(seconds: int) -> int:
    """Return when a call is due, in epoch milliseconds; whether that lies ahead is seen later.

    Raises:
        InvalidError: ``validation.range``: no such instant can be named.
    """
    if seconds > LARGEST_INTEGER:
        reason = f"must be at most {LARGEST_INTEGER}: Unix seconds, not milliseconds"
        raise InvalidError("scheduled_timestamp", "range", reason)
    return seconds * 1000


def notes_with_schedule(call: Call) -> dict[str, Any]:
    """Return a call's notes; of one that was scheduled, with what became of that."""
    schedule = call.schedule
    if schedule is None:
        return call.metadata
    is_waiting = call.state is CallState.SCHEDULED
    status = "pending" if is_waiting else "executed"
    if schedule.begun_ms is None and call.end_reason is not None:
        status = _EXECUTIONS.get(call.end_reason, "failed")
    notes: dict[str, Any] = {
        "is_scheduled": is_waiting,
        "scheduled_timestamp": schedule.at_ms // 1000,
        "execution_status": status,
    }
    if schedule.refusal:
        notes["execution_error"] = schedule.refusal
    return call.metadata | notes
