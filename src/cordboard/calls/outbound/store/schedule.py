"""Calls that wait for their time, in the database."""

import msgspec

from cordboard.calls.model import Call
from cordboard.runtime.db import ReadTx
from cordboard.runtime.ids import OrganizationId

_call = msgspec.json.Decoder(Call)


async def get_waiting_count(tx: ReadTx, organization_id: OrganizationId) -> int:
    """Return how many calls of an organization wait for their time.

    Whoever decides by the answer has claimed the organization's guards before.
    """
    row = await tx.fetch_one(
        "SELECT COUNT(*) FROM phone_call WHERE organization_id = $1 AND state = 'scheduled'",
        organization_id,
    )
    return 0 if row is None else row[0]


async def list_due(tx: ReadTx, cluster_id: str, limit: int) -> list[Call]:
    """Return calls of a cluster whose time has come, those that wait longest first."""
    rows = await tx.fetch_all(
        """SELECT record FROM phone_call
           WHERE cluster_id = $1 AND state = 'scheduled' AND started_ms <= $2
           ORDER BY started_ms, call_id LIMIT $3""",
        cluster_id,
        tx.now_ms,
        limit,
    )
    return [_call.decode(row[0]) for row in rows]
