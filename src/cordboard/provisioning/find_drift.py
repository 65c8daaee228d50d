"""Say how LiveKit differs from the estate, without changing anything."""

from cordboard.provisioning.reconcile import Reconciler
from cordboard.routing.drift import Drift, drifts


async def find_drift(reconciler: Reconciler) -> list[Drift]:
    """Return every difference as it is now, what needs a person first; any node may ask.

    Raises:
        LiveKitError: LiveKit cannot be asked.
    """
    plan = await reconciler.plan()
    return drifts(plan.difference, plan.numbers)
