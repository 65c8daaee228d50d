"""What the route of ``/api/livekit`` says about itself."""

from cordboard.edge.api.documented import Operation
from cordboard.edge.api.livekit_drift_shapes import LiveKitDrift
from cordboard.organizations.model import ADMIN

LIVEKIT_CODES = (
    "livekit.not_configured",
    "livekit.unreachable",
    "livekit.unanswered",
    "livekit.refused",
    "livekit.key_refused",
)
"""What an endpoint that asks LiveKit can answer."""

DRIFT = Operation(
    summary="Show how LiveKit differs from what it should be",
    description="Asks LiveKit, and changes nothing. Shown is what concerns the organization's own "
    "numbers, and what concerns everybody: the catch-all, and foreign objects that endanger calls. "
    "What is missing, changed or surplus is put right by itself within a minute; what is blocked "
    "or dangerous needs a person, because Cordboard never touches what it has not made.",
    scope=ADMIN,
    tag="LiveKit",
    message="LiveKit compared successfully",
    data=LiveKitDrift,
    codes=LIVEKIT_CODES,
)
