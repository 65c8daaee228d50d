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

    def __init__(self, agent_id: str, version: int | str) -> None:
        """Name both; what stands for a version in a path need not be a number."""
        super().__init__(f"Version {version} of agent '{agent_id}' does not exist")


class AgentInUseError(DomainError):
    """Numbers are bound to the agent, so it is not deleted without force."""

    kind = Kind.CONFLICT
    code = "agent.in_use"
    message = "Agent in use"

    def __init__(self, agent_id: str, bound: int) -> None:
        """Name the agent and how many numbers are bound to it."""
        numbers = "1 phone number" if bound == 1 else f"{bound} phone numbers"
        super().__init__(
            f"Agent with ID '{agent_id}' is bound to {numbers}; "
            "unbind first, or delete with force=true"
        )


class ProbeRunningError(DomainError):
    """The agent is being probed already; one probe at a time says all there is to say."""

    kind = Kind.CONFLICT
    code = "agent.probe_running"
    message = "Probe running"
    retry_after_s = 1

    def __init__(self, agent_id: str) -> None:
        """Name the agent."""
        super().__init__(f"Agent with ID '{agent_id}' is being probed; wait for that probe's end")
