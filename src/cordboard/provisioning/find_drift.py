"""Say how LiveKit differs from the estate, without changing anything."""

import asyncio

from cordboard.provisioning.learned_state import let_go
from cordboard.provisioning.reconcile import Plan, Reconciler
from cordboard.routing.drift import Drift, drifts


async def find_drift(reconciler: Reconciler) -> list[Drift]:
    """Return every difference as it is now, what needs a person first; any node may ask.

    Raises:
        LiveKitError: LiveKit cannot be asked.
    """
    return await asyncio.to_thread(_in_words, await reconciler.plan())


def _in_words(plan: Plan) -> list[Drift]:
    found = drifts(plan.difference, plan.numbers)
    let_go(*plan.contents())
    return found
