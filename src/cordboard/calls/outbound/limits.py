"""What an organization's outbound calls may do: settings, and the limits that follow. No I/O."""

import msgspec

from cordboard.calls.outbound.destinations import REGIONS
from cordboard.calls.outbound.refusals import CallLimitError, CallsStoppedError, OutboundRefusal
from cordboard.runtime.errors import InvalidError

MAX_CONCURRENT_CALLS = 5
MAX_DIALS_PER_MINUTE = 30
MAX_MINUTES_PER_DAY = 500
MAX_SCHEDULED_CALLS = 10_000
HIGHEST = {
    "max_concurrent_calls": 10_000,
    "max_dials_per_minute": 10_000,
    "max_minutes_per_day": 1_000_000,
}
"""The most that each limit can be set to; the least is 1."""

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


class Guards(msgspec.Struct, frozen=True):
    """What stands between an organization's requests and its money.

    Attributes:
        allowed_regions: Where calls may go; empty stands for the region of the number that calls.
        max_concurrent_calls: How many calls may be under way at once.
        max_dials_per_minute: How many may begin in any 60 s.
        max_minutes_per_day: How long all of a UTC day may last together.
        is_stopped: Whether no call may be made, and none may go on.
        revision: How often they were changed; 0 for the defaults of a new organization.
    """

    allowed_regions: frozenset[str] = frozenset()
    max_concurrent_calls: int = MAX_CONCURRENT_CALLS
    max_dials_per_minute: int = MAX_DIALS_PER_MINUTE
    max_minutes_per_day: int = MAX_MINUTES_PER_DAY
    is_stopped: bool = False
    revision: int = 0


class Usage(msgspec.Struct, frozen=True):
    """What an organization's calls use at an instant.

    Attributes:
        concurrent_calls: Calls with a reservation that is not settled.
        dials: Calls reserved in the last 60 s.
        oldest_dial_ms: When the first call was reserved that must leave these 60 s before there
            is room for another, or None while there is room.
        day_ms: What the calls of this UTC day have used, with what those under way have reserved.
        open_ms: The part of it that those under way have reserved.
    """

    concurrent_calls: int
    dials: int
    oldest_dial_ms: int | None
    day_ms: int
    open_ms: int


def day_of(now_ms: int) -> int:
    """Return the UTC day of an instant, counted from 1970."""
    return now_ms // DAY_MS


def check_limits(guards: Guards, usage: Usage, longest_ms: int, now_ms: int) -> None:
    """Hold one more call against an organization's limits.

    Args:
        guards: What is allowed.
        usage: What is in use.
        longest_ms: The longest that the call can last.
        now_ms: The instant of asking.

    Raises:
        CallsStoppedError: No call may be made.
        CallLimitError: It would go over a limit.
    """
    if guards.is_stopped:
        raise CallsStoppedError
    if usage.concurrent_calls >= guards.max_concurrent_calls:
        detail = f"max_concurrent_calls: {guards.max_concurrent_calls} calls are under way"
        raise CallLimitError(OutboundRefusal.CONCURRENT_CALLS, detail, None)
    if usage.dials >= guards.max_dials_per_minute:
        detail = f"max_dials_per_minute: {usage.dials} calls were begun in the last 60 s"
        free_ms = (usage.oldest_dial_ms or now_ms) + MINUTE_MS
        raise CallLimitError(
            OutboundRefusal.DIALS_PER_MINUTE, detail, _seconds_until(free_ms, now_ms)
        )
    _check_minutes(guards.max_minutes_per_day, usage, longest_ms, now_ms)


def check_waiting(waiting: int, most: int) -> None:
    """Hold one more call that is to wait for its time against how many may.

    Raises:
        CallLimitError: As many wait already.
    """
    if waiting < most:
        return
    detail = (
        f"max_scheduled_calls: {waiting} of {most} places are taken by calls that wait for their "
        "time; cancel some, or schedule this one when others were made"
    )
    raise CallLimitError(OutboundRefusal.SCHEDULED_CALLS, detail, None)


def _check_minutes(most: int, usage: Usage, longest_ms: int, now_ms: int) -> None:
    """Hold a call's longest duration against what is left of the day.

    Only midnight helps when it would not fit either if the calls under way ended at once.
    """
    most_ms = most * MINUTE_MS
    if usage.day_ms + longest_ms <= most_ms:
        return
    is_spent = usage.day_ms - usage.open_ms + longest_ms > most_ms
    midnight_ms = (day_of(now_ms) + 1) * DAY_MS
    helps = is_spent and longest_ms <= most_ms
    detail = (
        f"max_minutes_per_day: {whole_minutes(usage.day_ms)} of {most} minutes of this UTC day are "
        f"used or reserved, and a call reserves {whole_minutes(longest_ms)}"
    )
    raise CallLimitError(
        OutboundRefusal.MINUTES_PER_DAY,
        detail,
        _seconds_until(midnight_ms, now_ms) if helps else None,
    )


def whole_minutes(duration_ms: int) -> int:
    """Return whole minutes, rounded up: what is left is never shown too large."""
    return -(-duration_ms // MINUTE_MS)


def _seconds_until(at_ms: int, now_ms: int) -> int:
    return max(1, -(-(at_ms - now_ms) // 1000))


def check_regions(regions: list[str], field: str = "allowed_regions") -> frozenset[str]:
    """Return regions that calls may be allowed to.

    Raises:
        InvalidError: One of them is none that has phone numbers (``validation.choice``).
    """
    for index, region in enumerate(regions):
        if region not in REGIONS:
            reason = "must be a region in two capital letters (ISO 3166-1), such as US"
            raise InvalidError(f"{field}[{index}]", "choice", reason)
    return frozenset(regions)


def check_limit(value: int, field: str) -> int:
    """Return a limit that can be set.

    Raises:
        InvalidError: It is less than 1 or more than the most (``validation.range``).
    """
    if not 1 <= value <= HIGHEST[field]:
        raise InvalidError(field, "range", f"must be from 1 to {HIGHEST[field]}")
    return value
