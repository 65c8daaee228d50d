"""What a worker does for the database itself: throw away what is past, and measure the rest."""

from collections.abc import Awaitable, Callable

from cordboard.calls import store as calls
from cordboard.runtime import idempotency, outbox
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.repeating import Work
from cordboard.runtime.telemetry.metrics import OUTBOX_EVENTS

PRUNE_EVERY_S = 3600
PRUNE_OFTEN_S = 300
MEASURE_EVERY_S = 15

BATCH = 1000
"""Rows per transaction: a delete of a day's events at once would hold up every other write."""


def keep_house(db: Database) -> list[Work]:
    """Return the work that each worker repeats. Several workers may do it at once."""
    return [
        Work("prune_idempotency_keys", lambda: prune(db, idempotency.prune_keys), PRUNE_EVERY_S),
        Work("prune_outbox", lambda: prune(db, outbox.prune_events), PRUNE_EVERY_S),
        Work("prune_events", lambda: prune(db, calls.delete_old_events), PRUNE_OFTEN_S),
        Work("prune_rooms", lambda: prune(db, calls.delete_old_rooms), PRUNE_EVERY_S),
        Work("prune_unmatched", lambda: prune(db, calls.delete_old_unmatched), PRUNE_EVERY_S),
        Work("measure_outbox", lambda: measure_outbox(db), MEASURE_EVERY_S),
    ]


async def prune(db: Database, delete: Callable[[WriteTx, int], Awaitable[int]]) -> int:
    """Delete, batch by batch, until nothing is left to delete; return how many rows went."""
    total = 0
    while True:
        deleted = await db.write_long(delete, BATCH)
        total += deleted
        # Some of a batch may have to stay, so only an empty one says that nothing is left.
        if deleted == 0:
            return total


async def measure_outbox(db: Database) -> None:
    """Show how full the outbox is in the metrics."""
    OUTBOX_EVENTS.set(await db.read(outbox.get_backlog))
