"""What the routes of calls that wait for their time say about themselves."""

from cordboard.edge.api.call_docs import BODY_CODES, NOT_FOUND, TAG, WRITE, WRITE_CODES
from cordboard.edge.api.call_schedule_shapes import MovedCall, UnscheduledCall, UpdateSchedule
from cordboard.edge.api.documented import Operation

MOVE = Operation(
    summary="Move a scheduled call to another time",
    description="Only while it waits: a call that has begun or ended is not moved.",
    scope=WRITE,
    tag=TAG,
    message="Scheduled call time updated successfully",
    data=MovedCall,
    body=UpdateSchedule,
    codes=(
        "validation.type",
        "validation.unknown_field",
        "validation.required",
        "validation.characters",
        "validation.range",
        *BODY_CODES,
        NOT_FOUND,
        "call.not_scheduled",
        *WRITE_CODES,
    ),
    example={"scheduled_timestamp": 2_000_000_000},
)
CANCEL = Operation(
    summary="Cancel a scheduled call",
    description="It is never made; its record stays, ended, and can be deleted as any other.",
    scope=WRITE,
    tag=TAG,
    message="Scheduled call cancelled successfully - converted to regular call",
    data=UnscheduledCall,
    codes=("validation.unknown_field", NOT_FOUND, "call.not_scheduled", *WRITE_CODES),
)
