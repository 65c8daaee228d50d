"""Store what stands at LiveKit for each number."""

from collections.abc import Sequence

from cordboard.routing import store
from cordboard.routing.store import NumberState
from cordboard.runtime.db import Database
from cordboard.runtime.ids import RegistrationId

NOTED_AT_ONCE = 500


async def note_states(
    db: Database, changed: Sequence[NumberState], gone: Sequence[RegistrationId]
) -> None:
    """Store what was learned, and forget what is gone, some hundred to a transaction."""
    for start in range(0, len(changed), NOTED_AT_ONCE):
        await db.write_long(store.update_states, changed[start : start + NOTED_AT_ONCE])
    for start in range(0, len(gone), NOTED_AT_ONCE):
        await db.write_long(store.delete_states, gone[start : start + NOTED_AT_ONCE])
