"""What can be wrong with an agent."""

from cordboard.runtime.errors import DomainError, Kind
from cordboard.runtime.ids import OrganizationId


class AgentNotFoundError(DomainError):
    """The organization has no such agent; it may be another organization's, or deleted."""

    kind = Kind.NOT_FOUND
    code = "agent.not_found"
    message = "Agent not found"

    def __init__(self, organization_id: OrganizationId, agent_id: str) -> None:
        """Name both."""
        super().__init__(
            f"Agent with ID '{agent_id}' does not exist in organization '{organization_id}'"
        )


class AgentVersionNotFoundError(DomainError):
    """The agent has no such version."""

    kind = Kind.NOT_FOUND
    code = "agent_version.not_found"
    message = "Agent version not found"

    def __init__(self, agent_id: str, version: int) -> None:
        """Name both."""
        super().__init__(f"Version {version} of agent '{agent_id}' does not exist")
