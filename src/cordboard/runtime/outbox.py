"""Events written in the transaction of their cause, read in order by consumers.

On PostgreSQL a lower sequence may commit later than a higher one, in a younger transaction even.
So the order is that of the transactions' ids first, and readers stop below the oldest transaction
still running (``{outbox_next}``): what has been passed can never appear afterwards.
"""

import msgspec

from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Statement, WriteTx
from cordboard.runtime.ids import OrganizationId

KEEP_MS = 24 * 3600 * 1000

COLUMNS = "organization_id, event, subject_id, at_ms, data"

INSERT = f"""
    INSERT INTO outbox ({COLUMNS})
    VALUES ($1, $2, $3, $4, $5)"""


class Event(msgspec.Struct, frozen=True):
    """Something that happened, in the past tense, for whoever must act on it.

    Attributes:
        sequence: Its name; unique, and in most cases growing along the order.
        organization_id: Whose thing it happened to.
        event: What happened, such as ``number_created``.
        subject_id: The id of the thing.
        at_ms: When, in epoch milliseconds.
        data: A JSON object with what a consumer needs to know.
    """

    sequence: int
    organization_id: OrganizationId
    event: str
    subject_id: str
    at_ms: int
    data: str


def insert_event(tx: WriteTx, actor: Actor, event: str, subject_id: str, data: object) -> Statement:
    """Return the statement that appends an event in the transaction of its cause."""
    encoded = msgspec.json.encode(data).decode()
    return INSERT, (actor.organization_id, event, subject_id, tx.now_ms, encoded)


async def list_events(tx: ReadTx, after: int, limit: int) -> list[Event]:
    """Return the next events after the one with a sequence (0: from the first), in order.

    None can appear among them later. This is the one list across organizations: consumers act for
    the whole installation, and every event carries its organization.
    """
    rows = await tx.fetch_all(
        f"SELECT sequence, {COLUMNS} FROM outbox WHERE {{outbox_next}} LIMIT $2", after, limit
    )
    return [Event(*row) for row in rows]


async def prune_events(tx: WriteTx, limit: int) -> int:
    """Delete events older than a day, ``limit`` at most; return how many went.

    0 means that nothing is left to delete.
    """
    return await tx.execute(
        """DELETE FROM outbox
           WHERE sequence IN (SELECT sequence FROM outbox ORDER BY sequence LIMIT $2)
             AND at_ms < $1""",
        tx.now_ms - KEEP_MS,
        limit,
    )


async def get_backlog(tx: ReadTx) -> int:
    """Return how many events are kept, by their sequences, so that gaps count as events.

    The cost does not grow with their number.
    """
    row = await tx.fetch_one(
        """SELECT COALESCE((SELECT MIN(sequence) FROM outbox), 1),
                  COALESCE((SELECT MAX(sequence) FROM outbox), 0)"""
    )
    first, last = (1, 0) if row is None else row
    return int(last - first + 1)
