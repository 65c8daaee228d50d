"""What went wrong at LiveKit, told where it happens: whose fault, and whether it was done."""

from enum import StrEnum
from typing import ClassVar

from cordboard.runtime.errors import DomainError, Kind


class Effect(StrEnum):
    """Whether a failed call changed anything at LiveKit."""

    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


class LiveKitError(DomainError):
    """A call to LiveKit failed.

    Attributes:
        effect: ``not_done`` (refused, or never sent: a retry is safe) or ``unknown`` (timeout,
            reset, a failure inside LiveKit: look before asking again).
        livekit_code: LiveKit's own code (Twirp), such as ``invalid_argument``.
    """

    kind = Kind.UPSTREAM
    code = "livekit.failed"
    message = "LiveKit error"
    effect: ClassVar[Effect] = Effect.UNKNOWN

    def __init__(self, detail: str, livekit_code: str) -> None:
        """Say what LiveKit said."""
        super().__init__(detail)
        self.livekit_code = livekit_code


class LiveKitUnreachableError(LiveKitError):
    """LiveKit took no connection: nothing was sent, nothing was done, a retry is safe."""

    code = "livekit.unreachable"
    effect = Effect.NOT_DONE
    retry_after_s = 1


class LiveKitUnansweredError(LiveKitError):
    """The request went out and no answer came back, or LiveKit failed inside."""

    code = "livekit.unanswered"


class LiveKitRefusedError(LiveKitError):
    """LiveKit refused the request: nothing was done."""

    code = "livekit.refused"
    effect = Effect.NOT_DONE


class LiveKitKeyRefusedError(LiveKitRefusedError):
    """None of the configured API keys is accepted, or they lack a grant."""

    code = "livekit.key_refused"


class LiveKitNotFoundError(LiveKitRefusedError):
    """What the request names is not there."""

    code = "livekit.not_found"


class LiveKitConflictError(LiveKitRefusedError):
    """Another trunk or rule stands in the way; ``detail`` names its id."""

    code = "livekit.conflict"


class DialFailedError(LiveKitRefusedError):
    """An outbound call was placed and ended without an answer.

    Attributes:
        sip_status: The final SIP response's code (RFC 3261, section 21), or None where LiveKit
            gives none: no answer, nobody listening, or evicted by a duplicate.
    """

    code = "livekit.dial_failed"

    def __init__(self, detail: str, livekit_code: str, sip_status: int | None) -> None:
        """Say how the call ended."""
        super().__init__(detail, livekit_code)
        self.sip_status = sip_status
