"""Wait, briefly, until nothing of a deleted number is left at LiveKit."""

import asyncio

from cordboard.routing.store import NumberState, find_state
from cordboard.runtime.db import Database
from cordboard.runtime.ids import OrganizationId, RegistrationId

LOOK_EVERY_S = 0.05
PATIENCE_S = 2.0


async def await_cleanup(
    db: Database, organization_id: OrganizationId, registration_id: RegistrationId
) -> NumberState | None:
    """Return what is still known to stand for a registration after 2 s at most; None for nothing.

    The number left every route when it was deleted; this only lets the answer tell the truth. The
    reconciler goes on whether anybody waits or not.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + PATIENCE_S
    while True:
        state = await db.read(find_state, organization_id, registration_id)
        if state is None or loop.time() >= until_s:
            return state
        await asyncio.sleep(LOOK_EVERY_S)
