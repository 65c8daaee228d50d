"""How the LiveKit of the settings differs from what it should be, asked once."""

from cordboard.operator.livekit import configured_cluster, opened_reconciler
from cordboard.provisioning.find_drift import find_drift
from cordboard.routing.drift import Drift
from cordboard.runtime.db import Database
from cordboard.runtime.settings import Settings


async def livekit_drift(settings: Settings, db: Database) -> list[Drift]:
    """Return every difference as it is now; nothing at LiveKit is changed.

    Raises:
        StartError: The settings are wrong.
        LiveKitError: LiveKit cannot be asked.
    """
    async with opened_reconciler(configured_cluster(settings), settings, db) as reconciler:
        return await find_drift(reconciler)
