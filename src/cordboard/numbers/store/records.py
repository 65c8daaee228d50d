"""Phone numbers in the database."""

from typing import Any

import msgspec

from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number, NumberNotFoundError
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import ReadTx, Row, Statement, WriteTx
from cordboard.runtime.ids import OrganizationId

COLUMNS = """phone_number, organization_id, registration_id, revision, phone_number_pretty,
    area_code, nickname, phone_number_type, inbound_agent_id, outbound_agent_id,
    inbound_agent_version, outbound_agent_version, inbound_webhook_url, number_provider,
    outbound_trunk_id, created_ms, updated_ms, fallback_agent_id, fallback_agent_version, aliases"""

INSERT = f"""
    INSERT INTO phone_number ({COLUMNS}, nickname_folded)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
      $19, $20, $21)"""

HISTORY_COLUMNS = """organization_id, phone_number, registration_id, revision, at_ms, action,
    api_key, request_id, changes"""

INSERT_HISTORY = f"""
    INSERT INTO phone_number_history ({HISTORY_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""

UPDATE_COUNT = """
    INSERT INTO phone_number_count (organization_id, shard, total) VALUES ($1, $2, $3)
    ON CONFLICT (organization_id, shard)
    DO UPDATE SET total = phone_number_count.total + excluded.total"""

_aliases = msgspec.json.Decoder(tuple[str, ...])

GET = f"SELECT {COLUMNS} FROM phone_number WHERE phone_number = $1 AND organization_id = $2"


def number_from_row(row: Row) -> Number:
    """Return the number in a row of ``COLUMNS``; '' and 0 in sort columns stand for null."""
    values = list(row)
    values[5] = values[5] or None
    values[6] = values[6] or None
    values[19] = () if values[19] is None else _aliases.decode(values[19])
    return Number(*values)


def _aliases_column(number: Number) -> str | None:
    return msgspec.json.encode(number.aliases).decode() if number.aliases else None


def insert_number(number: Number) -> Statement:
    """Return the statement that stores a new number; it breaks a unique key if it is there."""
    values = list(msgspec.structs.astuple(number))
    values[5] = number.area_code or 0
    values[6] = number.nickname or ""
    values[19] = _aliases_column(number)
    return INSERT, (*values, (number.nickname or "").casefold())


def insert_history(
    actor: Actor, number: Number, at_ms: int, action: str, changes: dict[str, Any]
) -> Statement:
    """Return the statement that appends to a number's history.

    Args:
        actor: Who did it.
        number: The number as it stands afterwards.
        at_ms: When, in epoch milliseconds.
        action: ``created``, ``updated`` or ``deleted``.
        changes: Field → ``{"from": …, "to": …}``.
    """
    return INSERT_HISTORY, (
        actor.organization_id,
        number.phone_number,
        number.registration_id,
        number.revision,
        at_ms,
        action,
        actor.api_key,
        actor.request_id,
        msgspec.json.encode(changes).decode(),
    )


def update_count(organization_id: OrganizationId, shard: int, difference: int) -> Statement:
    """Return the statement that keeps the organization's exact total of numbers."""
    return UPDATE_COUNT, (organization_id, shard, difference)


async def get_number(tx: ReadTx, organization_id: OrganizationId, phone_number: E164) -> Number:
    """Return a number of the organization.

    Raises:
        NumberNotFoundError: The organization has no such number.
    """
    row = await tx.fetch_one(GET, phone_number, organization_id)
    if row is None:
        raise NumberNotFoundError(organization_id, phone_number)
    return number_from_row(row)


async def get_number_for_update(
    tx: WriteTx, organization_id: OrganizationId, phone_number: E164
) -> Number:
    """Return a number of the organization, locked until the transaction ends.

    Raises:
        NumberNotFoundError: The organization has no such number.
    """
    row = await tx.fetch_one(GET + " {for_update}", phone_number, organization_id)
    if row is None:
        raise NumberNotFoundError(organization_id, phone_number)
    return number_from_row(row)


def update_number(number: Number) -> Statement:
    """Return the statement that stores a number's next revision."""
    sql = """
        UPDATE phone_number SET revision = $3, nickname = $4, nickname_folded = $5,
          inbound_agent_id = $6, outbound_agent_id = $7, inbound_agent_version = $8,
          outbound_agent_version = $9, inbound_webhook_url = $10, number_provider = $11,
          outbound_trunk_id = $12, updated_ms = $13, fallback_agent_id = $14,
          fallback_agent_version = $15, aliases = $16
        WHERE phone_number = $1 AND organization_id = $2"""
    return sql, (
        number.phone_number,
        number.organization_id,
        number.revision,
        number.nickname or "",
        (number.nickname or "").casefold(),
        number.inbound_agent_id,
        number.outbound_agent_id,
        number.inbound_agent_version,
        number.outbound_agent_version,
        number.inbound_webhook_url,
        number.number_provider,
        number.outbound_trunk_id,
        number.updated_ms,
        number.fallback_agent_id,
        number.fallback_agent_version,
        _aliases_column(number),
    )


def delete_number(number: Number) -> Statement:
    """Return the statement that removes a number."""
    return "DELETE FROM phone_number WHERE phone_number = $1 AND organization_id = $2", (
        number.phone_number,
        number.organization_id,
    )
