"""Note which numbers are about to get a pair of their own, before anything is made for them."""

from collections.abc import Sequence

from cordboard.routing import store
from cordboard.routing.model import RoutableNumber
from cordboard.runtime.db import Database
from cordboard.runtime.ids import RegistrationId

PROMISED_AT_ONCE = 200
"""How many numbers are in one transaction: as many wait for its end if they are to be changed."""


async def promise_pairs(
    db: Database, numbers: Sequence[RoutableNumber], cluster_id: str
) -> set[RegistrationId]:
    """Note that pairs are about to be made; return for which numbers that is on disk.

    Nothing may be made for the others: they were deleted meanwhile, and nobody would know of it.
    Whatever stops this on its way, the next tick finds what was promised, and promises the rest.
    """
    promised: set[RegistrationId] = set()
    for start in range(0, len(numbers), PROMISED_AT_ONCE):
        part = numbers[start : start + PROMISED_AT_ONCE]
        promised |= await db.write_long(store.insert_pending_states, part, cluster_id)
    return promised
