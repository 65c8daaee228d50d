"""What the route that places calls says about itself."""

from cordboard.edge.api.call_docs import BODY_CODES, TAG, WRITE, WRITE_CODES
from cordboard.edge.api.documented import Operation
from cordboard.edge.api.phone_call_shapes import CreatedPhoneCall, CreatePhoneCall

CREATE = Operation(
    summary="Call somebody",
    description="The answer comes at once; the agent joins first, then the number is dialled. "
    "GET of the call tells what came of it. Send an Idempotency-Key, so that a repeated request "
    "makes no second call: no dial is ever repeated. With scheduled_timestamp the call waits until "
    "then; what guards calls is held against it once more when it is due.",
    scope=WRITE,
    tag=TAG,
    message="Phone call created and initiated successfully",
    data=CreatedPhoneCall,
    body=CreatePhoneCall,
    codes=(
        "validation.type",
        "validation.unknown_field",
        "validation.required",
        "validation.phone_number",
        "validation.length",
        "validation.characters",
        "validation.choice",
        "validation.range",
        "validation.idempotency_key",
        *BODY_CODES,
        "phone_number.not_found",
        "agent.not_found",
        "agent_version.not_found",
        "phone_number.no_outbound_agent",
        "phone_number.no_outbound_trunk",
        "call.no_livekit",
        "call.destination_refused",
        "call.stopped",
        "call.limit",
        "idempotency.mismatch",
        *WRITE_CODES,
    ),
    is_idempotent_by_key=True,
    example={
        "from_number": "+14157774444",
        "to_number": "+14155550100",
        "metadata": {"ticket": "T-1"},
    },
)
