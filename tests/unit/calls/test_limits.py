"""An organization's limits, held against one more call: each to its very edge."""

import pytest

from cordboard.calls.outbound.limits import (
    DAY_MS,
    HIGHEST,
    MINUTE_MS,
    Guards,
    Usage,
    check_limit,
    check_limits,
    check_regions,
    check_waiting,
    day_of,
    whole_minutes,
)
from cordboard.calls.outbound.refusals import CallLimitError, CallsStoppedError, OutboundRefusal
from cordboard.runtime.errors import InvalidError

NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
IDLE = Usage(concurrent_calls=0, dials=0, oldest_dial_ms=None, day_ms=0, open_ms=0)


def refusal(usage: Usage, guards: Guards | None = None, now_ms: int = NOON_MS) -> CallLimitError:
    with pytest.raises(CallLimitError) as refused:
        check_limits(guards or Guards(), usage, MINUTE_MS, now_ms)
    return refused.value


def dialled(oldest_ms: int) -> Usage:
    """30 dials, of which the one that must pass first was made at an instant."""
    return Usage(0, 30, oldest_ms, 0, 0)


def test_one_call_fewer_than_each_limit_leaves_room_for_one() -> None:
    guards = Guards()
    most_ms = guards.max_minutes_per_day * MINUTE_MS
    usage = Usage(4, 29, None, most_ms - MINUTE_MS, 0)
    check_limits(guards, usage, MINUTE_MS, NOON_MS)


@pytest.mark.parametrize(
    ("usage", "guard"),
    [
        (Usage(5, 0, None, 0, 0), OutboundRefusal.CONCURRENT_CALLS),
        (Usage(6, 0, None, 0, 0), OutboundRefusal.CONCURRENT_CALLS),
        (Usage(0, 30, NOON_MS, 0, 0), OutboundRefusal.DIALS_PER_MINUTE),
        (Usage(0, 31, NOON_MS, 0, 0), OutboundRefusal.DIALS_PER_MINUTE),
        (Usage(0, 0, None, 499 * MINUTE_MS + 1, 0), OutboundRefusal.MINUTES_PER_DAY),
        (Usage(5, 30, NOON_MS, 500 * MINUTE_MS, 0), OutboundRefusal.CONCURRENT_CALLS),
        (Usage(0, 30, NOON_MS, 500 * MINUTE_MS, 0), OutboundRefusal.DIALS_PER_MINUTE),
    ],
)
def test_at_a_limit_there_is_room_for_none_and_the_first_limit_is_named(
    usage: Usage, guard: OutboundRefusal
) -> None:
    refused = refusal(usage)
    assert refused.refusal is guard
    assert refused.detail.startswith(f"max_{guard}: ")


def test_who_is_stopped_hears_that_and_not_of_a_limit() -> None:
    with pytest.raises(CallsStoppedError) as refused:
        check_limits(Guards(is_stopped=True), Usage(5, 30, NOON_MS, 0, 0), MINUTE_MS, NOON_MS)
    assert refused.value.refusal is OutboundRefusal.STOPPED


@pytest.mark.parametrize(
    ("ago_ms", "seconds"),
    [(0, 60), (1, 60), (999, 60), (1000, 59), (59_000, 1), (59_999, 1), (60_000, 1), (70_000, 1)],
)
def test_when_a_dial_leaves_its_minute_is_told_in_seconds_rounded_up_and_never_0(
    ago_ms: int, seconds: int
) -> None:
    assert refusal(dialled(NOON_MS - ago_ms)).retry_after_s == seconds


@pytest.mark.parametrize(("until_ms", "seconds"), [(1, 1), (1000, 1), (1001, 2), (DAY_MS, 86_400)])
def test_a_day_that_is_spent_is_over_at_midnight_utc(until_ms: int, seconds: int) -> None:
    midnight_ms = 20_001 * DAY_MS
    spent = Usage(0, 0, None, 500 * MINUTE_MS, 0)
    assert refusal(spent, now_ms=midnight_ms - until_ms).retry_after_s == seconds


def test_only_what_the_calls_under_way_may_give_back_is_worth_waiting_for() -> None:
    full_ms = 500 * MINUTE_MS
    assert refusal(Usage(1, 0, None, full_ms, MINUTE_MS)).retry_after_s is None
    assert refusal(Usage(1, 0, None, full_ms, MINUTE_MS - 1)).retry_after_s == 43_200
    assert refusal(IDLE, Guards(max_minutes_per_day=0)).retry_after_s is None
    one = Usage(0, 0, None, 1, 0)
    assert refusal(one, Guards(max_minutes_per_day=1)).retry_after_s == 43_200


def test_what_is_left_of_a_day_is_never_shown_too_large() -> None:
    assert [whole_minutes(ms) for ms in (0, 1, 60_000, 60_001)] == [0, 1, 1, 2]
    detail = refusal(Usage(0, 0, None, 499 * MINUTE_MS + 1, 0)).detail
    assert (
        "500 of 500 minutes of this UTC day are used or reserved, and a call reserves 1" in detail
    )


def test_days_are_counted_from_1970_in_utc() -> None:
    assert [day_of(ms) for ms in (0, DAY_MS - 1, DAY_MS)] == [0, 0, 1]


@pytest.mark.parametrize("field", HIGHEST)
def test_a_limit_is_from_1_to_its_highest(field: str) -> None:
    assert [check_limit(value, field) for value in (1, HIGHEST[field])] == [1, HIGHEST[field]]
    for value in (0, -1, HIGHEST[field] + 1):
        with pytest.raises(InvalidError, match=f"from 1 to {HIGHEST[field]}") as refused:
            check_limit(value, field)
        assert (refused.value.field, refused.value.rule) == (field, "range")


def test_a_region_that_is_none_is_named_by_its_place() -> None:
    assert check_regions(["US", "XK", "US"]) == {"US", "XK"}
    assert check_regions([]) == frozenset()
    for wrong in ("us", "USA", "001", "ZZ", ""):
        with pytest.raises(InvalidError) as refused:
            check_regions(["US", wrong], "--allow-region")
        assert (refused.value.field, refused.value.rule) == ("--allow-region[1]", "choice")


def test_as_many_calls_wait_as_may_and_no_more() -> None:
    check_waiting(2, 3)
    for waiting in (3, 4):
        with pytest.raises(CallLimitError, match=r"^max_scheduled_calls: ") as refused:
            check_waiting(waiting, 3)
        assert refused.value.refusal is OutboundRefusal.SCHEDULED_CALLS
        assert refused.value.retry_after_s is None
