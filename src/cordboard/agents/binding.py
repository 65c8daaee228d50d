"""May a number name this agent, in this version?"""

from cordboard.agents.errors import AgentNotFoundError, AgentVersionNotFoundError
from cordboard.runtime.db import Row, WriteTx
from cordboard.runtime.ids import OrganizationId

Binding = tuple[str | None, int]
"""An agent id (or None for no agent) and the version asked for."""


async def check_bindings(
    tx: WriteTx,
    organization_id: OrganizationId,
    *bindings: Binding,
    requires_registered: bool,
) -> None:
    """Check the agents and versions that a number is to be bound to.

    An id that no organization has is the name of an agent that LiveKit knows and we do not: it is
    accepted, with any version, unless ``requires_registered``. The agents' rows are locked until
    the transaction ends, so that none can be deleted meanwhile.

    Raises:
        AgentNotFoundError: The agent is another organization's, deleted, or not registered.
        AgentVersionNotFoundError: The agent has no such version.
    """
    wanted = {agent_id for agent_id, _ in bindings if agent_id is not None}
    known = await _find_agents(tx, sorted(wanted)) if wanted else {}
    for agent_id, version in bindings:
        if agent_id is None:
            continue
        row = known.get(agent_id)
        if row is None:
            if requires_registered:
                raise AgentNotFoundError(organization_id, agent_id)
            continue
        _, owner, deleted_ms, newest_version = row
        if owner != organization_id or deleted_ms is not None:
            raise AgentNotFoundError(organization_id, agent_id)
        if version > newest_version:
            raise AgentVersionNotFoundError(agent_id, version)


async def _find_agents(tx: WriteTx, agent_ids: list[str]) -> dict[str, Row]:
    """Return agents by id, of any organization: whether one is somebody else's is the question."""
    rows = await tx.fetch_all(
        """SELECT agent_id, organization_id, deleted_ms, newest_version FROM agent
           WHERE agent_id = $1 OR agent_id = $2 {for_share}""",
        agent_ids[0],
        agent_ids[-1],
    )
    return {row[0]: row for row in rows}
