"""What came of a dial, in our words: from LiveKit's errors and SIP's responses to a closed set."""

import msgspec

from cordboard.calls.model import EndReason
from cordboard.routing.livekit_errors import DialFailedError, Effect, LiveKitError

# The final responses of RFC 3261, section 21, and of RFC 8197 and 8688 (607, 608).
_BY_STATUS = {
    401: EndReason.CARRIER_REFUSED,
    402: EndReason.CARRIER_REFUSED,
    403: EndReason.CARRIER_REFUSED,
    407: EndReason.CARRIER_REFUSED,
    404: EndReason.NOT_FOUND,
    410: EndReason.NOT_FOUND,
    484: EndReason.NOT_FOUND,
    604: EndReason.NOT_FOUND,
    408: EndReason.NO_ANSWER,
    480: EndReason.NO_ANSWER,
    487: EndReason.NO_ANSWER,
    486: EndReason.BUSY,
    600: EndReason.BUSY,
    603: EndReason.DECLINED,
    607: EndReason.DECLINED,
    608: EndReason.DECLINED,
}
CANCELLED = "canceled"
SOONER_MS = 1_000
"""LiveKit's timer runs to the tenth of a second; what ends earlier than this was cut short."""


class DialOutcome(msgspec.Struct, frozen=True):
    """What came of a dial.

    Attributes:
        failure: Why it came to nothing; None: it was answered.
        sip_status: The final SIP response where it was not answered and LiveKit tells it.
        participant_sid: Who is in the room now, of a call that was answered.
        sip_call_id: ``sip.callID`` of it.
        carrier_ids: What the carrier calls it, by attribute.
    """

    failure: EndReason | None = None
    sip_status: int | None = None
    participant_sid: str = ""
    sip_call_id: str = ""
    carrier_ids: dict[str, str] = {}


def outcome_of(error: LiveKitError, rang_ms: int, ringing_s: int) -> DialOutcome | None:
    """Return what a failed dial came to; None where it may still be ringing.

    No answer and an address at which nobody listens look the same to LiveKit, and so does a call
    that was put out of its room, but for the time it rang. A response that is not in the table
    means that the call did not get through.
    """
    if isinstance(error, DialFailedError) and error.sip_status is not None:
        status = error.sip_status
        return DialOutcome(_BY_STATUS.get(status, EndReason.UNREACHABLE), status)
    if error.livekit_code == CANCELLED:
        rang_out = rang_ms >= ringing_s * 1000 - SOONER_MS
        return DialOutcome(EndReason.NO_ANSWER if rang_out else EndReason.CONNECTION_LOST)
    if isinstance(error, DialFailedError):
        return DialOutcome(EndReason.UNREACHABLE)
    return DialOutcome(EndReason.NOT_DIALLED) if error.effect is Effect.NOT_DONE else None
