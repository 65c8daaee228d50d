"""Several calls of an organization at once, in the database."""

from collections.abc import Sequence

import msgspec

from cordboard.calls.model import Call
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import OrganizationId

_call = msgspec.json.Decoder(Call)


async def claim_calls(
    tx: WriteTx, organization_id: OrganizationId, cluster_id: str, room_sids: Sequence[str]
) -> list[Call]:
    """Return the calls of rooms, and lock those as ``claim_room`` does.

    All are locked in one order, so that two who want the same do not wait for each other.
    """
    rooms = msgspec.json.encode([[room_sid] for room_sid in room_sids]).decode()
    await tx.fetch_all(
        """SELECT room_sid FROM livekit_room
           WHERE cluster_id = $2 AND room_sid IN (SELECT item.value ->> 0 FROM {items})
           ORDER BY room_sid {for_update}""",
        rooms,
        cluster_id,
    )
    rows = await tx.fetch_all(
        """SELECT record FROM phone_call
           WHERE cluster_id = $2 AND room_sid IN (SELECT item.value ->> 0 FROM {items})
             AND organization_id = $3""",
        rooms,
        cluster_id,
        organization_id,
    )
    return [_call.decode(row[0]) for row in rows]
