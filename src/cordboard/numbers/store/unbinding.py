"""Numbers that are bound to one agent, and what takes them all off it at once.

An agent may answer for every number of an estate, so these statements work on sets: a fixed
handful of them, however many numbers there are.
"""

import msgspec

from cordboard.numbers.store.records import HISTORY_COLUMNS
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Statement, WriteTx
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.outbox import COLUMNS as EVENT_COLUMNS

BOUND = "organization_id = $1 AND (inbound_agent_id = $2 OR outbound_agent_id = $2)"
LATER = "CASE WHEN updated_ms > $3 THEN updated_ms ELSE CAST($3 AS BIGINT) END"


async def count_bound_numbers(tx: ReadTx, organization_id: OrganizationId, agent_id: str) -> int:
    """Return how many numbers an agent answers or dials for."""
    row = await tx.fetch_one(
        f"SELECT COUNT(*) FROM phone_number WHERE {BOUND}", organization_id, agent_id
    )
    return 0 if row is None else row[0]


async def claim_bound_numbers(tx: WriteTx, organization_id: OrganizationId, agent_id: str) -> None:
    """Lock the numbers of an agent until the transaction ends."""
    await tx.fetch_all(
        f"SELECT 1 FROM phone_number WHERE {BOUND} ORDER BY phone_number {{for_update}}",
        organization_id,
        agent_id,
    )


def insert_unbinding_history(actor: Actor, agent_id: str, now_ms: int) -> Statement:
    """Return the statement that appends to the history of each number that is still bound."""
    sql = f"""
        INSERT INTO phone_number_history ({HISTORY_COLUMNS})
        SELECT organization_id, phone_number, registration_id, revision + 1, {LATER}, 'updated',
          CAST($4 AS TEXT), CAST($5 AS TEXT),
          CASE WHEN inbound_agent_id = $2 AND outbound_agent_id = $2 THEN CAST($6 AS TEXT)
            WHEN inbound_agent_id = $2 THEN $7 ELSE $8 END
        FROM phone_number WHERE {BOUND}"""
    inbound = {"inbound_agent_id": {"from": agent_id, "to": None}}
    outbound = {"outbound_agent_id": {"from": agent_id, "to": None}}
    changes = (msgspec.json.encode(c).decode() for c in (inbound | outbound, inbound, outbound))
    return sql, (
        actor.organization_id,
        agent_id,
        now_ms,
        actor.api_key,
        actor.request_id,
        *changes,
    )


def insert_unbinding_events(actor: Actor, agent_id: str, now_ms: int) -> Statement:
    """Return the statement that appends an event for each number that is still bound."""
    sql = f"""
        INSERT INTO outbox ({EVENT_COLUMNS})
        SELECT organization_id, 'number_updated', registration_id, CAST($3 AS BIGINT),
          '{{"phone_number":"' || phone_number || '","revision":' ||
            CAST(revision + 1 AS TEXT) || '}}'
        FROM phone_number WHERE {BOUND}"""
    return sql, (actor.organization_id, agent_id, now_ms)


def update_unbound(actor: Actor, agent_id: str, now_ms: int) -> Statement:
    """Return the statement that unbinds each number, in its next revision."""
    sql = f"""
        UPDATE phone_number SET revision = revision + 1, updated_ms = {LATER},
          inbound_agent_id = CASE WHEN inbound_agent_id = $2 THEN NULL ELSE inbound_agent_id END,
          outbound_agent_id =
            CASE WHEN outbound_agent_id = $2 THEN NULL ELSE outbound_agent_id END
        WHERE {BOUND}"""
    return sql, (actor.organization_id, agent_id, now_ms)
