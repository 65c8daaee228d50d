"""What calls reserve before they are dialled: never more than is allowed, and given back once."""

import asyncio
from collections.abc import Sequence

import pytest

from cordboard.calls.outbound.limits import DAY_MS, MINUTE_MS, Guards
from cordboard.calls.outbound.refusals import (
    CallLimitError,
    CallsStoppedError,
    OutboundRefusal,
    OutboundRefusedError,
)
from cordboard.calls.outbound.reservations import change_guards, is_stopped, reserve, settle
from cordboard.calls.outbound.store.guards import (
    SURELY_OVER_MS,
    find_guards,
    get_usage,
    list_guards_history,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.builders import a_name
from tests.support.clock import SettableClock
from tests.support.organizations import an_actor

LONGEST_MS = 60 * MINUTE_MS
AT_ONCE = 200


async def reserved(
    db: Database, actor: Actor, count: int, longest_ms: int = MINUTE_MS
) -> list[str]:
    """Reserve for new calls one after the other, and return their ids."""
    calls = [a_name("call") for _ in range(count)]
    for call_id in calls:
        await db.write(reserve, actor.organization_id, call_id, longest_ms)
    return calls


async def asked_at_once(
    db: Database, actor: Actor, count: int, longest_ms: int = MINUTE_MS
) -> Sequence[OutboundRefusal | None]:
    """Reserve for new calls all at once; return which guard refused each, None where none did."""

    async def asked() -> OutboundRefusal | None:
        try:
            await db.write(reserve, actor.organization_id, a_name("call"), longest_ms)
        except OutboundRefusedError as error:
            return error.refusal
        return None

    return await asyncio.gather(*(asked() for _ in range(count)))


async def test_of_200_calls_asked_for_at_once_below_the_cap_one_passes(db: Database) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 4)
    outcomes = await asked_at_once(db, actor, AT_ONCE)
    assert outcomes.count(None) == 1
    assert outcomes.count(OutboundRefusal.CONCURRENT_CALLS) == AT_ONCE - 1


async def test_of_200_dials_asked_for_at_once_in_the_last_place_of_a_minute_one_passes(
    db: Database,
) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"max_concurrent_calls": 1000})
    await reserved(db, actor, 29)
    outcomes = await asked_at_once(db, actor, AT_ONCE)
    assert outcomes.count(None) == 1
    assert outcomes.count(OutboundRefusal.DIALS_PER_MINUTE) == AT_ONCE - 1


async def test_of_200_calls_asked_for_at_once_in_the_last_hour_of_a_day_one_passes(
    db: Database,
) -> None:
    actor = await an_actor(db)
    loose = {"max_concurrent_calls": 1000, "max_dials_per_minute": 1000}
    await db.write(change_guards, actor, {**loose, "max_minutes_per_day": 119})
    outcomes = await asked_at_once(db, actor, AT_ONCE, LONGEST_MS)
    assert outcomes.count(None) == 1
    assert outcomes.count(OutboundRefusal.MINUTES_PER_DAY) == AT_ONCE - 1


async def test_no_limit_is_exceeded_while_calls_begin_and_end_at_once(db: Database) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"max_dials_per_minute": 10_000})
    most = 0

    async def lived() -> bool:
        nonlocal most
        call_id = a_name("call")
        try:
            await db.write(reserve, actor.organization_id, call_id, MINUTE_MS)
        except CallLimitError:
            return False
        usage = await db.read(get_usage, actor.organization_id, 10_000)
        most = max(most, usage.concurrent_calls)
        await db.write(settle, actor.organization_id, call_id, 1000)
        return True

    passed = sum(await asyncio.gather(*(lived() for _ in range(AT_ONCE))))
    usage = await db.read(get_usage, actor.organization_id, 10_000)
    assert (usage.concurrent_calls, usage.day_ms) == (0, passed * 1000)
    assert 0 < most <= Guards().max_concurrent_calls


async def test_a_settled_call_leaves_its_place_and_what_it_did_not_use(db: Database) -> None:
    actor = await an_actor(db)
    (call_id, *_) = await reserved(db, actor, 5, LONGEST_MS)
    await db.write(settle, actor.organization_id, call_id, 90_000)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (4, 4 * LONGEST_MS + 90_000)
    await reserved(db, actor, 1)


async def test_settling_twice_counts_once(db: Database) -> None:
    actor = await an_actor(db)
    (call_id,) = await reserved(db, actor, 1, LONGEST_MS)
    for used_ms in (60_000, 30_000, 0):
        await db.write(settle, actor.organization_id, call_id, used_ms)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (0, 60_000)


async def test_settling_one_call_200_times_at_once_counts_once(db: Database) -> None:
    actor = await an_actor(db)
    (call_id, _) = await reserved(db, actor, 2, LONGEST_MS)
    await asyncio.gather(
        *(db.write(settle, actor.organization_id, call_id, 60_000) for _ in range(AT_ONCE))
    )
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (1, LONGEST_MS + 60_000)


async def test_settling_what_was_never_reserved_changes_nothing(db: Database) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 1)
    await db.write(settle, actor.organization_id, "call_of_nobody", 60_000)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (1, MINUTE_MS)


async def test_another_organization_cannot_settle_a_call(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    (call_id,) = await reserved(db, actor, 1)
    await db.write(settle, other.organization_id, call_id, 0)
    assert (await db.read(get_usage, actor.organization_id, 30)).concurrent_calls == 1


async def test_a_call_that_lasted_longer_than_it_reserved_counts_whole(db: Database) -> None:
    actor = await an_actor(db)
    (call_id,) = await reserved(db, actor, 1, MINUTE_MS)
    await db.write(settle, actor.organization_id, call_id, 3 * MINUTE_MS)
    assert (await db.read(get_usage, actor.organization_id, 30)).day_ms == 3 * MINUTE_MS


async def test_limits_of_one_organization_are_not_those_of_another(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    await reserved(db, actor, 5)
    await reserved(db, other, 5)


async def test_a_dial_counts_for_60_s_though_its_call_is_over(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"max_dials_per_minute": 2})
    for _ in range(2):
        (call_id,) = await reserved(db, actor, 1)
        await db.write(settle, actor.organization_id, call_id, 0)
        clock.advance(ms=20_000)
    with pytest.raises(CallLimitError, match=r"^max_dials_per_minute: 2 calls") as refused:
        await reserved(db, actor, 1)
    assert refused.value.retry_after_s == 20
    clock.advance(ms=20_000)
    await reserved(db, actor, 1)


async def test_a_day_is_one_of_utc_and_begins_empty(db: Database, clock: SettableClock) -> None:
    actor = await an_actor(db)
    midnight_ms = (clock() // DAY_MS + 1) * DAY_MS
    clock.advance(ms=midnight_ms - clock() - 5_000)
    await db.write(change_guards, actor, {"max_minutes_per_day": 60})
    (call_id,) = await reserved(db, actor, 1, LONGEST_MS)
    with pytest.raises(CallLimitError) as under_way:
        await reserved(db, actor, 1, LONGEST_MS)
    await db.write(settle, actor.organization_id, call_id, LONGEST_MS)
    with pytest.raises(CallLimitError, match=r"^max_minutes_per_day: 60 of 60 ") as spent:
        await reserved(db, actor, 1, LONGEST_MS)
    assert (under_way.value.retry_after_s, spent.value.retry_after_s) == (None, 5)
    clock.advance(ms=5_000)
    await reserved(db, actor, 1, LONGEST_MS)


async def test_a_call_over_midnight_counts_on_the_day_it_was_dialled(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    clock.advance(ms=DAY_MS - 1 - clock() % DAY_MS)
    (call_id,) = await reserved(db, actor, 1, LONGEST_MS)
    clock.advance(ms=LONGEST_MS)
    assert (await db.read(get_usage, actor.organization_id, 30)).concurrent_calls == 1
    await db.write(settle, actor.organization_id, call_id, LONGEST_MS)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (0, 0)


async def test_a_call_that_nobody_settles_holds_its_place_while_it_may_be_up_and_no_longer(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 5, LONGEST_MS)
    clock.advance(ms=LONGEST_MS + SURELY_OVER_MS - 1)
    with pytest.raises(CallLimitError, match="max_concurrent_calls"):
        await reserved(db, actor, 1)
    clock.advance(ms=1)
    await reserved(db, actor, 1)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms) == (1, 5 * LONGEST_MS + MINUTE_MS)


async def test_a_stopped_organization_reserves_nothing(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    await db.write(change_guards, actor, {"is_stopped": True})
    with pytest.raises(CallsStoppedError):
        await reserved(db, actor, 1)
    assert await db.read(is_stopped, actor.organization_id)
    assert not await db.read(is_stopped, other.organization_id)
    await reserved(db, other, 1)
    await db.write(change_guards, actor, {"is_stopped": False})
    await reserved(db, actor, 1)


async def test_guards_that_were_never_set_are_the_defaults(db: Database) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 1)
    guards = await db.read(find_guards, actor.organization_id)
    assert guards == Guards(frozenset(), 5, 30, 500, is_stopped=False, revision=0)


async def test_a_change_of_guards_tells_who_made_it(db: Database) -> None:
    actor = await an_actor(db)
    changes = {"allowed_regions": frozenset({"US", "CA"}), "max_concurrent_calls": 7}
    changed = await db.write(change_guards, actor, changes)
    await db.write(change_guards, actor, {"max_concurrent_calls": None})
    assert changed == Guards(frozenset({"CA", "US"}), 7, 30, 500, is_stopped=False, revision=1)
    (second, first), total = await db.read(list_guards_history, actor.organization_id, 0, 10)
    assert total == 2
    assert (first.revision, first.api_key, first.request_id) == (1, actor.api_key, actor.request_id)
    assert first.changes == {
        "allowed_regions": {"from": [], "to": ["CA", "US"]},
        "max_concurrent_calls": {"from": 5, "to": 7},
    }
    assert second.changes == {"max_concurrent_calls": {"from": 7, "to": 5}}
    stored = await db.read(find_guards, actor.organization_id)
    assert (stored.max_concurrent_calls, stored.revision) == (5, 2)


async def test_guards_that_stay_the_same_leave_no_trace(db: Database) -> None:
    actor = await an_actor(db)
    same = {"max_concurrent_calls": 5, "is_stopped": False, "allowed_regions": frozenset[str]()}
    assert (await db.write(change_guards, actor, same)).revision == 0
    assert await db.read(list_guards_history, actor.organization_id, 0, 10) == ([], 0)


async def test_a_day_is_used_to_its_last_millisecond_and_no_further(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    for each in (actor, other):
        await db.write(change_guards, each, {"max_minutes_per_day": 60})
    await reserved(db, actor, 1, LONGEST_MS)
    await reserved(db, other, 1, 1)
    with pytest.raises(CallLimitError, match=r"^max_minutes_per_day: 1 of 60 "):
        await reserved(db, other, 1, LONGEST_MS)
    await reserved(db, other, 1, LONGEST_MS - 1)


async def test_a_call_longer_than_a_whole_day_allows_is_not_told_to_wait(db: Database) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"max_minutes_per_day": 59})
    with pytest.raises(CallLimitError) as refused:
        await reserved(db, actor, 1, LONGEST_MS)
    assert refused.value.retry_after_s is None
