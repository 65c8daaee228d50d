"""What a number may be bound to."""

from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import OrganizationId

NOT_TO_BE_HAD = 0


async def find_newest_versions(
    tx: WriteTx, organization_id: OrganizationId, agent_ids: list[str]
) -> dict[str, int]:
    """Return the newest versions of one to three agents, and lock them until the transaction ends.

    An id that no organization has is left out. One that is another organization's, or a deleted
    agent's, has ``NOT_TO_BE_HAD``. Whoever deletes or changes one of the agents waits meanwhile.
    """
    rows = await tx.fetch_all(
        """SELECT agent_id, CASE WHEN organization_id = $1 AND deleted_ms IS NULL
             THEN newest_version ELSE 0 END
           FROM agent WHERE agent_id = $2 OR agent_id = $3 OR agent_id = $4 {for_share}""",
        organization_id,
        agent_ids[0],
        agent_ids[len(agent_ids) // 2],
        agent_ids[-1],
    )
    return {row[0]: row[1] for row in rows}
