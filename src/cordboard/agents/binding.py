"""May a number name this agent, in this version?"""

from cordboard.agents.errors import AgentNotFoundError, AgentVersionNotFoundError
from cordboard.agents.store import NOT_TO_BE_HAD, find_newest_versions
from cordboard.runtime.db import WriteTx
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
    known = await find_newest_versions(tx, organization_id, sorted(wanted)) if wanted else {}
    unknown = NOT_TO_BE_HAD if requires_registered else None
    for agent_id, version in bindings:
        if agent_id is None:
            continue
        newest = known.get(agent_id, unknown)
        if newest == NOT_TO_BE_HAD:
            raise AgentNotFoundError(organization_id, agent_id)
        if newest is not None and version > newest:
            raise AgentVersionNotFoundError(agent_id, version)
