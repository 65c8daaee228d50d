"""What can stand between a request for a call and the dial."""

from cordboard.calls.outbound.model import (
    CallsUnavailableError,
    NoOutboundAgentError,
    NoOutboundTrunkError,
)
from cordboard.calls.outbound.refusals import (
    CallLimitError,
    CallsStoppedError,
    DestinationRefusedError,
)
from cordboard.calls.outbound.scheduling import CallNotScheduledError
from cordboard.edge.api.error_catalogue.row import LATER, NO, Row

OUTBOUND = (
    Row(
        CallNotScheduledError,
        "The call does not wait for its time: it never did, has begun, or has ended.",
        "Call with ID 'call_5716e54aee571ba400000001' is not scheduled, or not any more",
        "Read the call; one that has begun is ended with `POST /api/calls/{call_id}/end`.",
    ),
    Row(
        NoOutboundAgentError,
        "The number has no outbound agent, and the request names none.",
        "Phone number '+14157774444' has no outbound_agent_id; set it, or send override_agent_id",
        "Bind an outbound agent to the number, or send override_agent_id.",
        LATER,
    ),
    Row(
        NoOutboundTrunkError,
        "The number has no outbound trunk, so LiveKit does not know how to dial.",
        "Phone number '+14157774444' has no outbound_trunk_id; set it to the id of an outbound "
        "trunk at LiveKit (ST_…)",
        "Make an outbound trunk at LiveKit and set the number's outbound_trunk_id to its id "
        "(docs/guides/outbound-calls.md).",
        LATER,
    ),
    Row(
        CallsUnavailableError,
        "The server works without a LiveKit, so nothing dials.",
        "This server has no LiveKit, so it cannot place calls; its operator sets "
        "CORDBOARD_LIVEKIT_URL and the key",
        "Ask the operator; docs/guides/livekit.md says how one is connected.",
        LATER,
    ),
    Row(
        DestinationRefusedError,
        "The number is of a class that is never dialled (premium-rate, shared-cost, satellite, "
        "emergency, short, personal, universal), is in nobody's use, or is in a region where the "
        "organization's calls may not go.",
        "to_number: is in JM; calls of this organization may go to US (allowed_regions)",
        "For a region, have an administrator add it to allowed_regions "
        "(docs/guides/outbound-calls.md). Nothing opens the other classes.",
        NO,
    ),
    Row(
        CallsStoppedError,
        "An administrator or the operator has stopped the organization's outbound calls.",
        "Outbound calls of this organization are stopped until an administrator sets is_stopped "
        "to false",
        "Find out why; then set is_stopped to false.",
        "Yes, once calls are no longer stopped: nothing was dialled.",
    ),
    Row(
        CallLimitError,
        "The call would go over a limit of the organization; `error` begins with its name.",
        "max_concurrent_calls: 5 calls are under way",
        "Wait for calls to end, or have an administrator raise the limit.",
        "Yes: after the seconds in `Retry-After`, or, without one, when calls have ended.",
    ),
)
