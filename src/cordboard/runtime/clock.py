"""Time as the rest of the code sees it: epoch milliseconds from a clock that tests can set."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Clock = Callable[[], int]
"""Returns the present in milliseconds since 1970-01-01T00:00:00Z."""


def system_clock() -> int:
    """Return the present by the machine's clock, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


INSTANT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,6})?(Z|\+00:00)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(text: str) -> int | None:
    """Return an ISO 8601 instant in UTC as epoch milliseconds, or None for any other text."""
    if not INSTANT.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return None


def iso_utc(epoch_ms: int) -> str:
    """Write an instant as ISO 8601 in UTC with whole seconds and ``Z``, rounded down.

    >>> iso_utc(1_705_314_600_999)
    '2024-01-15T10:30:00Z'
    """
    return _iso_second(epoch_ms // 1000)


@lru_cache(maxsize=1024)
def _iso_second(second: int) -> str:
    """Remembered, since what is created together is shown with the same second again and again."""
    moment = time.gmtime(second)
    # %Y writes the year 139 with three digits, which ISO 8601 does not know.
    return f"{moment.tm_year:04}{time.strftime('-%m-%dT%H:%M:%SZ', moment)}"
