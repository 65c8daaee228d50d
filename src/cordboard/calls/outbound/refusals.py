"""Why an outbound call is refused before anything is dialled: a closed set, in words."""

from enum import StrEnum

from cordboard.runtime.errors import DomainError, Kind


class OutboundRefusal(StrEnum):
    """Which guard refused a call: a closed set, for metrics and records."""

    INVALID_NUMBER = "invalid_number"
    SHORT_NUMBER = "short_number"
    EMERGENCY = "emergency"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    SATELLITE = "satellite"
    INTERNATIONAL_NETWORK = "international_network"
    UNIVERSAL_NUMBER = "universal_number"
    PERSONAL_NUMBER = "personal_number"
    PAGER = "pager"
    VOICEMAIL = "voicemail"
    OTHER_REGION = "other_region"
    STOPPED = "stopped"
    CONCURRENT_CALLS = "concurrent_calls"
    DIALS_PER_MINUTE = "dials_per_minute"
    MINUTES_PER_DAY = "minutes_per_day"
    SCHEDULED_CALLS = "scheduled_calls"


class OutboundRefusedError(DomainError):
    """A guard refuses the call, and nothing was dialled; what is raised is one of its kinds.

    Attributes:
        refusal: Which guard.
    """

    kind = Kind.FORBIDDEN
    code = "call.refused"
    message = "Call refused"

    def __init__(self, refusal: OutboundRefusal, detail: str) -> None:
        """Remember the guard and say what it minds."""
        super().__init__(detail)
        self.refusal = refusal


class DestinationRefusedError(OutboundRefusedError):
    """The number is of a class that is never dialled, or of a region that is not allowed."""

    kind = Kind.FORBIDDEN
    code = "call.destination_refused"
    message = "Destination refused"

    def __init__(self, refusal: OutboundRefusal, reason: str) -> None:
        """Say what is wrong with the field ``to_number``."""
        super().__init__(refusal, f"to_number: {reason}")


class CallsStoppedError(OutboundRefusedError):
    """The organization's outbound calls are stopped, all of them."""

    kind = Kind.FORBIDDEN
    code = "call.stopped"
    message = "Outbound calls stopped"

    def __init__(self) -> None:
        """Say who can let them go on."""
        super().__init__(
            OutboundRefusal.STOPPED,
            "Outbound calls of this organization are stopped until an administrator sets "
            "is_stopped to false",
        )


class CallLimitError(OutboundRefusedError):
    """The call would go over a limit of the organization."""

    kind = Kind.LIMITED
    code = "call.limit"
    message = "Call limit reached"

    def __init__(self, refusal: OutboundRefusal, detail: str, retry_after_s: int | None) -> None:
        """Name the limit, and say when it lets calls through again where that is known."""
        super().__init__(refusal, detail)
        self.retry_after_s = retry_after_s
