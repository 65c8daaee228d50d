"""Calls that wait for their time, in the database."""

import msgspec

from cordboard.calls.model import Call
from cordboard.runtime.db import ReadTx

_call = msgspec.json.Decoder(Call)


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
