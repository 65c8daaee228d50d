"""What can go wrong at LiveKit."""

from cordboard.edge.api.error_catalogue.row import LATER, WAIT, Row
from cordboard.edge.api.refusals import LiveKitNotConfiguredError
from cordboard.routing import livekit_errors as livekit
from cordboard.routing.event_token import EventUnverifiedError

LIVEKIT = (
    Row(
        LiveKitNotConfiguredError,
        "The server works without a LiveKit, so there is nothing to say about one.",
        "This server has no LiveKit; its operator sets CORDBOARD_LIVEKIT_URL and the key",
        "Ask the operator; docs/guides/livekit.md says how one is connected.",
    ),
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
        EventUnverifiedError,
        "What came to /livekit/events was not signed by a key of the configured LiveKit, or was "
        "changed on its way.",
        "The token names an API key that is not configured here",
        "Give LiveKit's `webhook.api_key` one of the keys in CORDBOARD_LIVEKIT_API_KEY, and keep "
        "the clocks of both in time.",
    ),
)
