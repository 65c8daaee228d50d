"""A clock that stands until a test moves it."""

START_MS = 1_705_314_600_123
"""2024-01-15T10:30:00.123Z, the instant of the published example."""


class SettableClock:
    """A :data:`cordboard.runtime.clock.Clock`; hand it to whatever takes one."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, *, ms: int = 0, seconds: int = 0, hours: int = 0) -> None:
        """Move on, or back when the sum is negative: machines' clocks do that too."""
        self.now_ms += ms + 1000 * seconds + 3_600_000 * hours
