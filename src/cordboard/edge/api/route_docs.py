"""What the route of ``/api/route`` says about itself."""

from cordboard.edge.api.documented import Operation
from cordboard.edge.api.route_shapes import ExplainRoute, RouteExplanation

READ = "numbers:read"

EXPLAIN = Operation(
    summary="Explain which agent would answer a call",
    description="Decides as a ringing call is decided, and changes nothing. Another organization's "
    "numbers are left out, as if they were not registered. `warnings` name the agents that nobody "
    "served when they were last sent for, by a probe or by a call; an agent that was never sent "
    "for is not among them.",
    scope=READ,
    tag="Calls",
    message="Route explained successfully",
    data=RouteExplanation,
    body=ExplainRoute,
    codes=(
        "validation.json",
        "validation.type",
        "validation.unknown_field",
        "validation.required",
        "validation.length",
        "validation.characters",
        "request.too_large",
        "request.media_type",
    ),
    example={"to": "14157774444", "from": "+12125550100", "at": "2024-01-15T10:30:00Z"},
)
