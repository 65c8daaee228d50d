"""What the routes of ``/api/organizations/{organization_id}/outbound-guards`` say of themselves."""

from cordboard.edge.api.documented import Operation
from cordboard.edge.api.guard_shapes import GuardsAnswer, GuardsHistory, UpdateGuards
from cordboard.edge.api.number_docs import BODY_CODES, LIMIT, PAGE, QUERY_CODES, WRITE_CODES
from cordboard.organizations.model import ADMIN

TAG = "Outbound guards"

GET = Operation(
    summary="Show what guards outbound calls",
    description="Where calls may go, the limits, the kill switch, and what is in use now.",
    scope=ADMIN,
    tag=TAG,
    message="Outbound guards retrieved successfully",
    data=GuardsAnswer,
    codes=("validation.unknown_field", "organization.not_found"),
)
UPDATE = Operation(
    summary="Change what guards outbound calls, or stop them all",
    description="What is left out stays. With is_stopped true, no call is made from that moment "
    "on, and calls under way are ended within a second. Limits below what is in use let nothing "
    "more through, and end nothing.",
    scope=ADMIN,
    tag=TAG,
    message="Outbound guards updated successfully",
    data=GuardsAnswer,
    body=UpdateGuards,
    codes=(
        "validation.json",
        "validation.type",
        "validation.unknown_field",
        "validation.characters",
        "validation.choice",
        "validation.range",
        *BODY_CODES,
        "organization.not_found",
        *WRITE_CODES,
    ),
    example={"allowed_regions": ["CA", "US"], "max_concurrent_calls": 10},
)
HISTORY = Operation(
    summary="Show who changed the guards, and when",
    description="Newest first.",
    scope=ADMIN,
    tag=TAG,
    message="Outbound guards history retrieved successfully",
    data=GuardsHistory,
    query=(PAGE, LIMIT),
    codes=(*QUERY_CODES, "organization.not_found"),
)
