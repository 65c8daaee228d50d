"""The events of one organization, as they stand in the outbox."""

from typing import NamedTuple

from cordboard.runtime.db import ReadTx
from cordboard.runtime.ids import OrganizationId


class Written(NamedTuple):
    """What a consumer will learn."""

    event: str
    subject_id: str
    at_ms: int
    data: str


async def events_of(tx: ReadTx, organization_id: OrganizationId) -> list[Written]:
    """Return all events of an organization, oldest first, those of running transactions too."""
    rows = await tx.fetch_all(
        """SELECT event, subject_id, at_ms, data FROM outbox
           WHERE organization_id = $1 ORDER BY sequence""",
        organization_id,
    )
    return [Written(*row) for row in rows]
