"""What can go wrong on the way to LiveKit and back, on demand."""

from enum import StrEnum

import msgspec


class FaultKind(StrEnum):
    """How a request or an event fails; the first four are for requests, SLOW for both."""

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    LOST_ANSWER = "lost_answer"
    SLOW = "slow"
    LOST = "lost"
    DUPLICATED = "duplicated"
    OVERTAKEN = "overtaken"


class Fault(msgspec.Struct, frozen=True):
    """One kind of failure of one method, or of one event.

    Attributes:
        method: Such as ``CreateSIPInboundTrunk`` or ``participant_joined``, or ``*``.
        kind: A request is refused before it took effect, fails after it did, has its connection
            cut after it did, or is answered late. An event is late with everything behind it, is
            lost, comes twice, or comes late while others overtake it.
        times: How often; None for ever.
        delay_s: For ``slow`` and ``overtaken``, in simulated seconds.
    """

    method: str
    kind: FaultKind
    times: int | None = 1
    delay_s: float = 0.0


class Faults:
    """The faults that are still to come.

    Attributes:
        is_down: Whether the server is: connections are cut, and callers get 503.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.is_down = False
        self._waiting: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Let these happen."""
        self._waiting.extend(faults)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.is_down = False
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        for place, fault in enumerate(self._waiting):
            if fault.method not in {method, "*"}:
                continue
            if fault.times is not None:
                left = msgspec.structs.replace(fault, times=fault.times - 1)
                self._waiting[place : place + 1] = [left] if left.times else []
            return fault
        return None
