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

_BOUND = """organization_id = $1 AND
    (inbound_agent_id = $2 OR outbound_agent_id = $2 OR fallback_agent_id = $2)"""
_IN_BATCH = f"{_BOUND} AND phone_number >= $4 AND phone_number <= $5"
_LATER = "CASE WHEN updated_ms > $3 THEN updated_ms ELSE CAST($3 AS BIGINT) END"

_FIELDS = ("inbound_agent_id", "outbound_agent_id", "fallback_agent_id")
_WHICH = """(CASE WHEN inbound_agent_id = $2 THEN 1 ELSE 0 END
    + CASE WHEN outbound_agent_id = $2 THEN 2 ELSE 0 END
    + CASE WHEN fallback_agent_id = $2 THEN 4 ELSE 0 END)"""
"""Which of the fields name the agent: the sum of 2 to the power of each one's place."""


class BoundBatch(msgspec.Struct, frozen=True):
    """Numbers that are bound to an agent, in the order of numbers from the first to the last."""

    agent_id: str
    first: E164
    last: E164


async def count_bound_numbers(tx: ReadTx, organization_id: OrganizationId, agent_id: str) -> int:
    """Return how many numbers an agent answers or dials for, or stands in at."""
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
          CASE {_WHICH} WHEN 1 THEN CAST($8 AS TEXT) WHEN 2 THEN $9 WHEN 3 THEN $10 WHEN 4 THEN $11
            WHEN 5 THEN $12 WHEN 6 THEN $13 ELSE $14 END
        FROM phone_number WHERE {_IN_BATCH}"""
    changes = (_cleared(batch.agent_id, which) for which in range(1, 8))
    return sql, (*_values(actor, batch, now_ms), actor.api_key, actor.request_id, *changes)


def _cleared(agent_id: str, which: int) -> str:
    """Return what the history says where the fields of ``which`` named the agent, as JSON."""
    fields = (field for place, field in enumerate(_FIELDS) if which & 2**place)
    return msgspec.json.encode({each: {"from": agent_id, "to": None} for each in fields}).decode()


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
            CASE WHEN outbound_agent_id = $2 THEN NULL ELSE outbound_agent_id END,
          fallback_agent_id =
            CASE WHEN fallback_agent_id = $2 THEN NULL ELSE fallback_agent_id END
        WHERE {_IN_BATCH}"""
    return sql, _values(actor, batch, now_ms)


def _values(actor: Actor, batch: BoundBatch, now_ms: int) -> tuple[str, str, int, str, str]:
    return actor.organization_id, batch.agent_id, now_ms, batch.first, batch.last
