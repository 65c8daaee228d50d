"""What happened on a call, on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cordboard.calls.model import Call, Direction


class CallEvent(msgspec.Struct, frozen=True):
    """Something that happened on a call."""

    timestamp: Annotated[int, Meta(description="Epoch milliseconds.", examples=[1705314600123])]
    event: Annotated[str, Meta(description="What it was.", examples=["Call started - INBOUND"])]
    session_time: Annotated[
        int, Meta(description="Milliseconds since the call began.", examples=[0])
    ]
    data: Annotated[
        dict[str, Any], Meta(description="More about it.", examples=[{"direction": "INBOUND"}])
    ]


def called_number(call: Call) -> str:
    """Return whom a call is for: the number as registered here, or as it was asked for."""
    if call.direction is Direction.OUTBOUND:
        return call.leg.dialled
    return call.decision.phone_number or call.leg.dialled


def call_events(call: Call) -> list[CallEvent]:
    """Return what happened on a call, the oldest first."""
    started = {
        "direction": call.direction,
        "from": call.leg.caller or None,
        "to": called_number(call),
    }
    dialled_ms = None if call.dial is None else call.dial.intent_ms
    scheduled_ms = None if call.schedule is None else call.created_ms
    first_ms = call.started_ms if call.begun_ms is None else call.begun_ms
    happened: list[tuple[int | None, str, dict[str, Any]]] = [
        (scheduled_ms, "Call scheduled", {}),
        (call.begun_ms, f"Call started - {call.direction}", started),
        (dialled_ms, "Call dialled", {}),
        (call.answered_ms, "Call answered", {}),
        (call.ended_ms, "Call ended", {"reason": call.end_reason}),
    ]
    return [
        CallEvent(at_ms, event, max(0, at_ms - first_ms), data)
        for at_ms, event, data in happened
        if at_ms is not None
    ]
