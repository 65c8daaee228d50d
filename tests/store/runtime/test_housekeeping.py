"""What a worker throws away, on both databases: only what is past, and all of it."""

import pytest
from prometheus_client import REGISTRY

from cordboard.provisioning import keep_house
from cordboard.provisioning.keep_house import measure_outbox, prune
from cordboard.runtime import idempotency, outbox
from cordboard.runtime.actor import Actor
from cordboard.runtime.claims import claim_once
from cordboard.runtime.db import Database, ReadTx, WriteTx
from cordboard.runtime.db.examination import get_newest_time, write_probe
from cordboard.runtime.idempotency import Answer, IdempotencyKey, once
from cordboard.runtime.ids import OrganizationId
from tests.support.clock import SettableClock

ACTOR = Actor(OrganizationId("org_1"), None, "req_1")
DAY_HOURS = 24


async def note(tx: WriteTx, actor: Actor, count: int) -> int:
    """Write so many events."""
    for number in range(count):
        await tx.execute_together(outbox.insert_event(tx, actor, "noted", f"id_{number}", {}))
    return count


def noted(count: int) -> Answer:
    return Answer(str(count).encode())


async def use_key(db: Database, key: str) -> Answer:
    """Do something under an idempotency key."""
    return await db.write(once(note, IdempotencyKey("POST /x", key, b"{}"), noted), ACTOR, 0)


async def events(db: Database) -> int:
    async def count(tx: ReadTx) -> int:
        return len(await outbox.list_events(tx, 0, 1_000_000))

    return await db.read(count)


async def test_idempotency_keys_go_after_a_day_and_not_before(
    db: Database, clock: SettableClock
) -> None:
    await use_key(db, "old")
    clock.advance(hours=DAY_HOURS)
    await use_key(db, "young")
    assert await prune(db, idempotency.prune_keys) == 0
    assert (await use_key(db, "old")).is_replay
    clock.advance(ms=1)
    assert await prune(db, idempotency.prune_keys) == 1
    assert not (await use_key(db, "old")).is_replay
    assert (await use_key(db, "young")).is_replay


async def test_events_go_after_a_day_and_not_before(db: Database, clock: SettableClock) -> None:
    await db.write(note, ACTOR, 3)
    clock.advance(hours=DAY_HOURS)
    await db.write(note, ACTOR, 2)
    assert await prune(db, outbox.prune_events) == 0
    clock.advance(ms=1)
    assert await prune(db, outbox.prune_events) == 3
    assert await events(db) == 2


async def test_everything_that_is_past_goes_batch_by_batch(
    db: Database, clock: SettableClock
) -> None:
    many = 2 * keep_house.BATCH + 1
    await db.write(note, ACTOR, many)
    clock.advance(hours=DAY_HOURS, ms=1)
    assert await prune(db, outbox.prune_events) == many
    assert await events(db) == 0


async def test_the_metrics_show_how_many_events_are_kept(db: Database) -> None:
    await db.write(note, ACTOR, 3)
    await measure_outbox(db)
    assert REGISTRY.get_sample_value("cordboard_outbox_events") == 3


async def test_a_claim_is_given_once_and_is_free_again_when_its_transaction_fails(
    db: Database,
) -> None:
    async def claim_and_fail(tx: WriteTx) -> None:
        assert await claim_once(tx, "crown")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.write(claim_and_fail)
    assert await db.write(claim_once, "crown")
    assert not await db.write(claim_once, "crown")


async def test_the_newest_time_is_that_of_the_last_event(
    db: Database, clock: SettableClock
) -> None:
    assert await db.read(get_newest_time) == 0
    await db.write(note, ACTOR, 1)
    clock.advance(hours=1)
    await db.write(note, ACTOR, 1)
    await db.write(write_probe)
    assert await db.read(get_newest_time) == clock.now_ms
