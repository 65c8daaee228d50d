"""What can go wrong on the way to LiveKit and back, on demand."""

from enum import StrEnum

import msgspec


class FaultKind(StrEnum):
    """How a request fails."""

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    LOST_ANSWER = "lost_answer"
    SLOW = "slow"


class Fault(msgspec.Struct, frozen=True):
    """One kind of failure of one method.

    Attributes:
        method: Such as ``CreateSIPInboundTrunk``, or ``*``.
        kind: Refused before it took effect, failed after it did, the connection cut after it did,
            or answered late.
        times: How often; None for ever.
        delay_s: For ``slow``.
    """

    method: str
    kind: FaultKind
    times: int | None = 1
    delay_s: float = 0.0


class Faults:
    """The faults that are still to come."""

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
