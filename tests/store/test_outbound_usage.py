"""What is counted of calls that were reserved, what is forgotten of them, and what is kept."""

import pytest

from cordboard.calls.outbound.limits import DAY_MS, MINUTE_MS
from cordboard.calls.outbound.refusals import CallLimitError
from cordboard.calls.outbound.reservations import change_guards, reserve, settle
from cordboard.calls.outbound.store.guards import (
    DAYS_KEPT,
    find_reserved_ms,
    get_usage,
    list_guards_history,
)
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, ReadTx
from tests.support.builders import a_name
from tests.support.clock import SettableClock
from tests.support.events import events_of
from tests.support.organizations import an_actor

LONGEST_MS = 60 * MINUTE_MS
REGIONS = frozenset({"US", "CA", "MX", "GB", "DE", "FR", "JP", "AU", "BR", "IN"})


async def reserved(db: Database, actor: Actor, longest_ms: int = LONGEST_MS) -> str:
    call_id = a_name("call")
    await db.write(reserve, actor.organization_id, call_id, longest_ms)
    return call_id


async def days(tx: ReadTx, actor: Actor) -> list[int]:
    """Return how much each day that is kept has used, the oldest first."""
    rows = await tx.fetch_all(
        "SELECT spent_ms FROM outbound_day WHERE organization_id = $1 ORDER BY day",
        actor.organization_id,
    )
    return [row[0] for row in rows]


async def stored_limit(tx: ReadTx, actor: Actor) -> int | None:
    row = await tx.fetch_one(
        "SELECT max_concurrent_calls FROM outbound_guards WHERE organization_id = $1",
        actor.organization_id,
    )
    assert row is not None
    limit: int | None = row[0]
    return limit


async def test_what_a_call_under_way_reserved_yesterday_is_nothing_that_today_may_get_back(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    clock.advance(ms=DAY_MS - 1000 - clock() % DAY_MS)
    await reserved(db, actor)
    clock.advance(ms=2000)
    await reserved(db, actor, MINUTE_MS)
    usage = await db.read(get_usage, actor.organization_id, 30)
    assert (usage.concurrent_calls, usage.day_ms, usage.open_ms) == (2, MINUTE_MS, MINUTE_MS)


async def test_a_dial_leaves_its_minute_when_that_is_over(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 0)
    clock.advance(ms=MINUTE_MS - 1)
    assert (await db.read(get_usage, actor.organization_id, 30)).dials == 1
    clock.advance(ms=1)
    assert (await db.read(get_usage, actor.organization_id, 30)).dials == 0


async def test_of_more_dials_than_are_allowed_by_now_so_many_must_pass_that_one_fits(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    for _ in range(4):
        await reserved(db, actor, 0)
        clock.advance(ms=10_000)
    await db.write(change_guards, actor, {"max_dials_per_minute": 2})
    with pytest.raises(CallLimitError) as refused:
        await reserved(db, actor, 0)
    assert refused.value.retry_after_s == 40
    usage = await db.read(get_usage, actor.organization_id, 5)
    assert (usage.dials, usage.oldest_dial_ms) == (4, None)


async def test_a_call_that_is_settled_is_forgotten_when_its_minute_is_over_and_not_before(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    over = await reserved(db, actor)
    under_way = await reserved(db, actor)
    await db.write(settle, actor.organization_id, over, 0)
    clock.advance(ms=MINUTE_MS - 1)
    await reserved(db, actor)
    assert await db.read(find_reserved_ms, actor.organization_id, over) == LONGEST_MS
    clock.advance(ms=1)
    await reserved(db, actor)
    assert await db.read(find_reserved_ms, actor.organization_id, over) is None
    assert await db.read(find_reserved_ms, actor.organization_id, under_way) == LONGEST_MS


async def test_what_a_call_reserved_is_its_organizations_alone_to_know(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    call_id = await reserved(db, actor)
    assert await db.read(find_reserved_ms, other.organization_id, call_id) is None


async def test_days_are_kept_for_five_weeks_and_then_forgotten(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    await reserved(db, actor, 1)
    clock.advance(ms=DAY_MS * DAYS_KEPT)
    await reserved(db, actor, 2)
    assert await db.read(days, actor) == [1, 2]
    clock.advance(ms=DAY_MS)
    await reserved(db, actor, 3)
    assert await db.read(days, actor) == [2, 3]


async def test_a_clock_that_went_backwards_gives_nothing_back_that_was_not_reserved(
    db: Database,
) -> None:
    actor = await an_actor(db)
    call_id = await reserved(db, actor)
    await db.write(settle, actor.organization_id, call_id, -5 * MINUTE_MS)
    assert (await db.read(get_usage, actor.organization_id, 30)).day_ms == 0


async def test_a_limit_that_is_the_default_stays_so_though_the_default_changes(
    db: Database,
) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"max_concurrent_calls": 7})
    assert await db.read(stored_limit, actor) == 7
    await db.write(change_guards, actor, {"max_concurrent_calls": None})
    assert await db.read(stored_limit, actor) is None


async def test_history_tells_only_what_changed_and_regions_in_order(db: Database) -> None:
    actor = await an_actor(db)
    changes = {"allowed_regions": REGIONS, "max_concurrent_calls": 5, "is_stopped": False}
    await db.write(change_guards, actor, changes)
    (change,), _ = await db.read(list_guards_history, actor.organization_id, 0, 10)
    assert change.changes == {"allowed_regions": {"from": [], "to": sorted(REGIONS)}}


async def test_whoever_reads_events_learns_that_guards_were_changed(db: Database) -> None:
    actor = await an_actor(db)
    await db.write(change_guards, actor, {"is_stopped": True})
    await db.write(change_guards, actor, {"is_stopped": True})
    found = await db.read(events_of, actor.organization_id)
    told = [(event.event, event.data) for event in found if event.event.startswith("outbound")]
    assert told == [("outbound_guards_updated", '{"revision":1}')]
