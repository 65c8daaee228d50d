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


async def find_position(tx: ReadTx, consumer: str) -> int:
    """Return the sequence of the last event that a consumer has passed, 0 before its first."""
    row = await tx.fetch_one("SELECT position FROM outbox_consumer WHERE name = $1", consumer)
    return 0 if row is None else row[0]


async def update_position(tx: WriteTx, consumer: str, position: int, *, previous: int) -> bool:
    """Note that a consumer has passed everything up to the event with a sequence.

    False when it does not stand at ``previous`` any more: somebody else works under its name.
    """
    moved = await tx.execute(
        """INSERT INTO outbox_consumer (name, position) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET position = excluded.position
           WHERE outbox_consumer.position = $3""",
        consumer,
        position,
        previous,
    )
    return moved == 1


async def prune_events(tx: WriteTx, limit: int) -> int:
    """Delete events older than a day that every consumer has passed, ``limit`` at most.

    The event at which a consumer stands stays: its place in the order is the consumer's. Returns
    how many went; 0 means that nothing is left to delete.
    """
    return await tx.execute(
        """DELETE FROM outbox
           WHERE sequence IN (SELECT sequence FROM outbox ORDER BY sequence LIMIT $2)
             AND at_ms < $1
             AND NOT EXISTS (
               SELECT 1 FROM outbox_consumer AS consumer
               LEFT JOIN outbox AS passed ON passed.sequence = consumer.position
               WHERE (outbox.transaction_id, outbox.sequence)
                 >= (COALESCE(passed.transaction_id, outbox.transaction_id), consumer.position))""",
        tx.now_ms - KEEP_MS,
        limit,
    )


class Backlog(msgspec.Struct, frozen=True):
    """How full the outbox is.

    Attributes:
        kept: Events in it, read ones too; counted by sequence, so gaps count as events.
        unread: For each consumer, how many it has yet to pass, counted in the same way.
    """

    kept: int
    unread: dict[str, int]


async def get_backlog(tx: ReadTx) -> Backlog:
    """Measure the outbox; the cost does not grow with it."""
    row = await tx.fetch_one(
        """SELECT COALESCE((SELECT MIN(sequence) FROM outbox), 1),
                  COALESCE((SELECT MAX(sequence) FROM outbox), 0)"""
    )
    first, last = (1, 0) if row is None else (row[0], row[1])
    consumers = await tx.fetch_all("SELECT name, position FROM outbox_consumer ORDER BY name")
    unread = {name: last - max(position, first - 1) for name, position in consumers}
    return Backlog(last - first + 1, unread)
