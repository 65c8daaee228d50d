"""What the routes of ``/api/calls`` say about themselves."""

from cordboard.calls.store import DIRECTIONS, SORTS
from cordboard.edge.api.call_requests import STATUSES, CallListRequest, EndCall, UpdateCall
from cordboard.edge.api.call_shapes import (
    CallContext,
    CallDetails,
    CallList,
    DeletedCall,
    UnmatchedCalls,
    UpdatedCall,
)
from cordboard.edge.api.documented import Operation, Parameter
from cordboard.edge.api.schema_rules import text, whole

READ = "calls:read"
WRITE = "calls:write"
TAG = "Calls"

NOT_FOUND = "call.not_found"
QUERY_CODES = ("validation.type", "validation.unknown_field", "validation.range")
FILTER_CODES = ("validation.length", "validation.characters", "validation.choice")
BODY_CODES = ("validation.json", "request.too_large", "request.media_type")
KEY_CODES = ("validation.idempotency_key", "idempotency.mismatch")
WRITE_CODES = ("write.indeterminate", "storage.full")

PAGING = (
    Parameter("page", "Which page, from 0.", {"type": "integer", "default": 0} | whole(0)),
    Parameter(
        "limit",
        "How many on a page.",
        {"type": "integer", "default": 20, "minimum": 1, "maximum": 1000},
    ),
)
LIST_QUERY = (
    *PAGING,
    Parameter(
        "sort_by",
        "What to sort by.",
        {"type": "string", "enum": [*SORTS], "default": "start_timestamp"},
    ),
    Parameter(
        "sort_order",
        "Which end comes first.",
        {"type": "string", "enum": [*DIRECTIONS], "default": "descending"},
    ),
    Parameter("call_status", "Only calls of this status.", {"type": "string", "enum": [*STATUSES]}),
    Parameter(
        "agent_id", "Only calls of this agent.", {"type": "string"} | text(1, 128, r"[^\x00]*")
    ),
)

LIST = Operation(
    summary="List calls",
    description="Ties are broken by call_id in the same direction, so pages never overlap.",
    scope=READ,
    tag=TAG,
    message="Calls retrieved successfully",
    data=CallList,
    query=LIST_QUERY,
    codes=(*QUERY_CODES, *FILTER_CODES),
)
LIST_BY_POST = Operation(
    summary="List calls, filters in the body",
    scope=READ,
    tag=TAG,
    message=LIST.message,
    data=CallList,
    body=CallListRequest,
    is_body_optional=True,
    codes=(*QUERY_CODES, *FILTER_CODES, *BODY_CODES),
    example={
        "page": 0,
        "limit": 20,
        "sort_by": "start_timestamp",
        "sort_order": "descending",
        "filter_criteria": {"call_status": ["ENDED"], "agent_id": "agent_abc123"},
    },
)
UNMATCHED = Operation(
    summary="List calls for which no agent was found",
    description="Calls to numbers that nobody registered are among them, without their caller.",
    scope=READ,
    tag=TAG,
    message="Unmatched calls retrieved successfully",
    data=UnmatchedCalls,
    query=PAGING,
    codes=QUERY_CODES,
)
GET = Operation(
    summary="Show a call",
    scope=READ,
    tag=TAG,
    message="Call retrieved successfully",
    data=CallDetails,
    codes=("validation.unknown_field", NOT_FOUND),
)
CONTEXT = Operation(
    summary="Show what a call's worker may want to know",
    scope=READ,
    tag=TAG,
    message="Call context retrieved successfully",
    data=CallContext,
    codes=("validation.unknown_field", NOT_FOUND),
)
UPDATE = Operation(
    summary="Add notes to a call",
    scope=WRITE,
    tag=TAG,
    message="Call updated successfully",
    data=UpdatedCall,
    body=UpdateCall,
    codes=(
        "validation.type",
        "validation.unknown_field",
        "validation.length",
        "validation.characters",
        "validation.immutable",
        *BODY_CODES,
        NOT_FOUND,
        *WRITE_CODES,
    ),
    example={"metadata": {"ticket": "T-1"}},
)
END = Operation(
    summary="End a call",
    description="It is over within a second; one that has ended stays as it is.",
    scope=WRITE,
    tag=TAG,
    message="Call ended successfully",
    data=CallDetails,
    body=EndCall,
    is_body_optional=True,
    is_idempotent_by_key=True,
    codes=(
        "validation.type",
        "validation.unknown_field",
        *KEY_CODES,
        *BODY_CODES,
        NOT_FOUND,
        *WRITE_CODES,
    ),
)
DELETE = Operation(
    summary="Delete the record of a call that has ended",
    scope=WRITE,
    tag=TAG,
    message="Call deleted successfully",
    data=DeletedCall,
    codes=("validation.unknown_field", NOT_FOUND, "call.in_progress", *WRITE_CODES),
)
