"""Numbers that are bound to one agent, and what takes them off it.

An agent may answer for every number of an estate, so these statements work on sets, in batches:
each is over long before a database's patience ends, and their number grows slowly.
"""

import msgspec

from cordboard.numbers.e164 import E164
from cordboard.numbers.store.records import HISTORY_COLUMNS
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Statement, WriteTx
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.outbox import COLUMNS as EVENT_COLUMNS

_BOUND = "organization_id = $1 AND (inbound_agent_id = $2 OR outbound_agent_id = $2)"
_IN_BATCH = f"{_BOUND} AND phone_number >= $4 AND phone_number <= $5"
_LATER = "CASE WHEN updated_ms > $3 THEN updated_ms ELSE CAST($3 AS BIGINT) END"


class BoundBatch(msgspec.Struct, frozen=True):
    """Numbers that are bound to an agent, in the order of numbers from the first to the last."""

    agent_id: str
    first: E164
    last: E164


async def count_bound_numbers(tx: ReadTx, organization_id: OrganizationId, agent_id: str) -> int:
    """Return how many numbers an agent answers or dials for."""
    row = await tx.fetch_one(
        f"SELECT COUNT(*) FROM phone_number WHERE {_BOUND}", organization_id, agent_id
    )
    return 0 if row is None else row[0]


async def claim_bound_numbers(
    tx: WriteTx, organization_id: OrganizationId, agent_id: str, most: int
) -> BoundBatch | None:
    """Lock the first numbers, ``most`` at most, that are still bound to an agent; None without any.

    They are locked in the order of numbers, so that two who do this do not wait for each other.
    """
    rows = await tx.fetch_all(
        f"""SELECT phone_number FROM phone_number WHERE {_BOUND}
            ORDER BY phone_number LIMIT $3 {{for_update}}""",
        organization_id,
        agent_id,
        most,
    )
    return BoundBatch(agent_id, rows[0][0], rows[-1][0]) if rows else None


def insert_unbinding_history(actor: Actor, batch: BoundBatch, now_ms: int) -> Statement:
    """Return the statement that appends to the history of each number of a batch."""
    sql = f"""
        INSERT INTO phone_number_history ({HISTORY_COLUMNS})
        SELECT organization_id, phone_number, registration_id, revision + 1, {_LATER}, 'updated',
          CAST($6 AS TEXT), CAST($7 AS TEXT),
          CASE WHEN inbound_agent_id = $2 AND outbound_agent_id = $2 THEN CAST($8 AS TEXT)
            WHEN inbound_agent_id = $2 THEN $9 ELSE $10 END
        FROM phone_number WHERE {_IN_BATCH}"""
    inbound = {"inbound_agent_id": {"from": batch.agent_id, "to": None}}
    outbound = {"outbound_agent_id": {"from": batch.agent_id, "to": None}}
    changes = (msgspec.json.encode(c).decode() for c in (inbound | outbound, inbound, outbound))
    return sql, (*_values(actor, batch, now_ms), actor.api_key, actor.request_id, *changes)


def insert_unbinding_events(actor: Actor, batch: BoundBatch, now_ms: int) -> Statement:
    """Return the statement that appends an event for each number of a batch."""
    sql = f"""
        INSERT INTO outbox ({EVENT_COLUMNS})
        SELECT organization_id, 'number_updated', registration_id, CAST($3 AS BIGINT),
          '{{"phone_number":"' || phone_number || '","revision":' ||
            CAST(revision + 1 AS TEXT) || '}}'
        FROM phone_number WHERE {_IN_BATCH}"""
    return sql, _values(actor, batch, now_ms)


def update_unbound(actor: Actor, batch: BoundBatch, now_ms: int) -> Statement:
    """Return the statement that unbinds each number of a batch, in its next revision."""
    sql = f"""
        UPDATE phone_number SET revision = revision + 1, updated_ms = {_LATER},
          inbound_agent_id = CASE WHEN inbound_agent_id = $2 THEN NULL ELSE inbound_agent_id END,
          outbound_agent_id =
            CASE WHEN outbound_agent_id = $2 THEN NULL ELSE outbound_agent_id END
        WHERE {_IN_BATCH}"""
    return sql, _values(actor, batch, now_ms)


def _values(actor: Actor, batch: BoundBatch, now_ms: int) -> tuple[str, str, int, str, str]:
    return actor.organization_id, batch.agent_id, now_ms, batch.first, batch.last
