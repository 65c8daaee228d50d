"""What the routes of ``/api/phone-numbers`` say about themselves."""

from cordboard.edge.api.documented import Operation, Parameter
from cordboard.edge.api.list_shapes import (
    FILTER_TEXT,
    NumberHistory,
    NumberList,
    NumberListRequest,
)
from cordboard.edge.api.number_shapes import (
    AvailableNumbers,
    CreateNumber,
    DeletedNumber,
    NumberAnswer,
    NumberDetails,
    UpdateNumber,
)
from cordboard.edge.api.schema_rules import whole
from cordboard.numbers.store import DIRECTIONS, SORTS

READ = "numbers:read"
WRITE = "numbers:write"

FIELD_CODES = (
    "validation.json",
    "validation.type",
    "validation.unknown_field",
    "validation.url",
    "validation.length",
    "validation.characters",
    "validation.choice",
    "validation.range",
)
BODY_CODES = ("request.too_large", "request.media_type")
QUERY_CODES = ("validation.type", "validation.unknown_field", "validation.range")
REFERENCE_CODES = ("agent.not_found", "agent_version.not_found")
WRITE_CODES = ("write.indeterminate", "storage.full")

PAGE = Parameter("page", "Which page, from 0.", {"type": "integer", "default": 0} | whole(0))
LIMIT = Parameter(
    "limit",
    "How many on a page.",
    {"type": "integer", "default": 50, "minimum": 1, "maximum": 1000},
)
LIST_QUERY = (
    PAGE,
    LIMIT,
    Parameter(
        "sort_by", "What to sort by.", {"type": "string", "enum": [*SORTS], "default": "updated_at"}
    ),
    Parameter(
        "sort_order",
        "Which end comes first.",
        {"type": "string", "enum": [*DIRECTIONS], "default": "descending"},
    ),
    Parameter(
        "nickname",
        "A part of the nickname, any case, every character literally.",
        {"type": "string"} | FILTER_TEXT,
    ),
    Parameter("area_code", "The three digits of a +1 number.", {"type": "integer"} | whole(0)),
    Parameter("agent_id", "The agent that answers or dials.", {"type": "string"} | FILTER_TEXT),
)

CREATE = Operation(
    summary="Register a phone number and bind it to agents",
    description="Records and binds; buys nothing. Unique across the whole installation.",
    scope=WRITE,
    message="Phone number created successfully",
    data=NumberAnswer,
    body=CreateNumber,
    codes=(
        *FIELD_CODES,
        "validation.required",
        "validation.phone_number",
        "validation.area_code",
        "validation.idempotency_key",
        *BODY_CODES,
        *REFERENCE_CODES,
        "phone_number.exists",
        "alias.exists",
        "idempotency.mismatch",
        *WRITE_CODES,
    ),
    is_idempotent_by_key=True,
    has_etag=True,
    example={
        "phone_number": "+14157774444",
        "area_code": 415,
        "nickname": "Customer Service Line",
        "inbound_agent_id": "agent_abc123",
        "outbound_agent_id": "agent_xyz789",
        "inbound_agent_version": 1,
        "outbound_agent_version": 1,
        "inbound_webhook_url": "https://example.com/webhook",
        "number_provider": "twilio",
        "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
        "phone_number_type": "zudu-twilio",
    },
)
LIST = Operation(
    summary="List phone numbers",
    description="Ties are broken by phone_number in the same direction, so pages never overlap.",
    scope=READ,
    message="Phone numbers retrieved successfully",
    data=NumberList,
    query=LIST_QUERY,
    codes=(*QUERY_CODES, "validation.length", "validation.characters", "validation.choice"),
)
LIST_BY_POST = Operation(
    summary="List phone numbers, filters in the body",
    scope=READ,
    message=LIST.message,
    data=NumberList,
    body=NumberListRequest,
    is_body_optional=True,
    codes=(
        *QUERY_CODES,
        *BODY_CODES,
        "validation.json",
        "validation.length",
        "validation.characters",
        "validation.choice",
    ),
    example={
        "page": 0,
        "limit": 50,
        "sort_by": "updated_at",
        "sort_order": "descending",
        "filter_criteria": {"area_code": 415},
    },
)
AVAILABLE = Operation(
    summary="List phone numbers that are bound to no agent",
    description="No agent answers or dials from them, newest first. A fallback agent alone does "
    "not take a number: it never answers without an inbound agent.",
    scope=READ,
    message="Available phone numbers retrieved successfully",
    data=AvailableNumbers,
    codes=("validation.unknown_field",),
)
GET = Operation(
    summary="Show a phone number",
    scope=READ,
    message="Phone number retrieved successfully",
    data=NumberDetails,
    codes=("validation.unknown_field", "phone_number.not_found"),
    has_etag=True,
)
UPDATE = Operation(
    summary="Change a phone number",
    description="Only what is sent changes. What is equal already changes nothing.",
    scope=WRITE,
    message="Phone number updated successfully",
    data=NumberAnswer,
    body=UpdateNumber,
    codes=(
        *FIELD_CODES,
        "validation.immutable",
        *BODY_CODES,
        "phone_number.not_found",
        *REFERENCE_CODES,
        "etag.mismatch",
        "alias.exists",
        *WRITE_CODES,
    ),
    has_etag=True,
    takes_if_match=True,
    example={"nickname": "Sales", "inbound_agent_id": None},
)
DELETE = Operation(
    summary="Delete a phone number",
    description="It leaves every route at once. Nothing is released at the carrier.",
    scope=WRITE,
    message="Phone number deleted successfully",
    data=DeletedNumber,
    codes=("validation.unknown_field", "phone_number.not_found", "etag.mismatch", *WRITE_CODES),
    takes_if_match=True,
)
HISTORY = Operation(
    summary="Show what happened to a phone number",
    description="This organization's registrations only, deleted ones too, newest first.",
    scope=READ,
    message="Phone number history retrieved successfully",
    data=NumberHistory,
    query=(PAGE, LIMIT),
    codes=(*QUERY_CODES, "phone_number.not_found"),
)
