"""What can go wrong at LiveKit."""

from cordboard.edge.api.error_catalogue.row import LATER, WAIT, Row
from cordboard.routing import livekit_errors as livekit

LIVEKIT = (
    Row(
        livekit.LiveKitUnreachableError,
        "LiveKit took no connection.",
        "LiveKit at wss://livekit.example.com cannot be reached",
        "Wait and repeat. If it lasts, tell the operator.",
        WAIT,
    ),
    Row(
        livekit.LiveKitUnansweredError,
        "The request went out and no answer came back, or LiveKit failed inside.",
        "LiveKit did not answer within 10 s",
        "Look whether it was done before asking again.",
        "Only after looking: it may have been done.",
    ),
    Row(
        livekit.LiveKitRefusedError,
        "LiveKit refused the request.",
        "LiveKit refused the request: invalid_argument",
        "The text says what LiveKit minds; the operator's log has more.",
    ),
    Row(
        livekit.LiveKitKeyRefusedError,
        "LiveKit takes none of the configured API keys, or they lack a grant.",
        "LiveKit does not accept the configured API key",
        "Tell the operator; `cordboard doctor` says what is wrong.",
        LATER,
    ),
    Row(
        livekit.LiveKitNotFoundError,
        "What the request names is not at LiveKit.",
        "LiveKit has no such trunk: ST_4Xo2mZgQsfyQ",
        "Check the id.",
    ),
    Row(
        livekit.LiveKitConflictError,
        "Another trunk or rule stands in the way.",
        "LiveKit has a conflicting trunk: ST_4Xo2mZgQsfyQ",
        "Remove or change the one that is named.",
        LATER,
    ),
    Row(
        livekit.DialFailedError,
        "An outbound call was placed and ended without an answer.",
        "The call ended with 486 Busy Here",
        "Call again later; every dial is a new call.",
        "Yes, as a new call.",
    ),
)
