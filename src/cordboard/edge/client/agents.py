"""Requests about agents and their versions, and what they answer."""

from typing import Any, Literal

import msgspec

from cordboard.edge.client.paging import PagePosition
from cordboard.edge.client.request import Request, new_idempotency_key, path_to

SortBy = Literal["updated_at", "created_at", "agent_name"]
SortOrder = Literal["descending", "ascending"]

LARGEST_PAGE = 100

_AGENTS = "agents"


class AgentQuery(msgspec.Struct, frozen=True):
    """Which agents to list, and in which order.

    Attributes:
        names: Parts of names, in any case; an agent is listed when its name has one of them.
        limit: Agents per page, 1–100; the server's default is 20.
    """

    limit: int | None = None
    sort_by: SortBy | None = None
    sort_order: SortOrder | None = None
    names: tuple[str, ...] = ()


class Agent(msgspec.Struct, frozen=True):
    """An agent in its newest version. What its worker is told besides is in the answer's ``raw``.

    Attributes:
        version: Counts from 1.
        published_at: When the version was published; None while it can change.
        livekit_agent_name: The name of its workers; None for the agent's id.
        livekit_deployment: Which of its workers takes the job; None where there is one kind.
    """

    agent_id: str
    organization_id: str
    agent_name: str
    created_at: str
    updated_at: str
    version: int = 1
    published_at: str | None = None
    livekit_agent_name: str | None = None
    livekit_deployment: str | None = None


class AgentItem(msgspec.Struct, frozen=True):
    """An agent in a list."""

    agent_id: str
    agent_name: str
    language: str | None
    created_at: str
    updated_at: str


class AgentList(msgspec.Struct, frozen=True):
    """A page of agents."""

    agents: list[AgentItem]
    pagination: PagePosition


class DeletedAgent(msgspec.Struct, frozen=True):
    """An agent that was deleted."""

    agent_id: str


class VersionItem(msgspec.Struct, frozen=True):
    """A version of an agent in a list."""

    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    published_at: str | None
    created_at: str
    updated_at: str


class VersionList(msgspec.Struct, frozen=True):
    """All versions of an agent, newest first."""

    agent_id: str
    versions: list[VersionItem]


class AgentVersion(msgspec.Struct, frozen=True):
    """One version of an agent. What its worker is told besides is in the answer's ``raw``."""

    agent_id: str
    organization_id: str
    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    published_at: str | None
    created_at: str
    updated_at: str


class Probe(msgspec.Struct, frozen=True):
    """Whether a worker serves a version of an agent, as a job that it was given showed.

    Attributes:
        is_served: Whether an agent joined in time.
        worker_id: The worker that took the job, as LiveKit names it.
        joined_after_ms: From sending for the agent until it was seen; None when it was not.
        detail: What was found, and what to do when nobody came.
    """

    agent_id: str
    version: int
    livekit_agent_name: str
    livekit_deployment: str | None
    is_served: bool
    worker_id: str | None
    joined_after_ms: int | None
    detail: str
    probed_at: str


def create_agent(
    agent_name: str, fields: dict[str, Any], idempotency_key: str | None = None
) -> Request[Agent]:
    """Create an agent in its first version; ``fields`` are the API's, by their names."""
    return Request(
        method="POST",
        path=path_to(_AGENTS, "create"),
        answer=Agent,
        body=fields | {"agent_name": agent_name},
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def list_agents(query: AgentQuery, page: int = 0) -> Request[AgentList]:
    """List agents, one page."""
    asked = {
        "page": page,
        "limit": query.limit,
        "sort_by": query.sort_by,
        "sort_order": query.sort_order,
        "filter_criteria": {"agent_name": query.names} if query.names else None,
    }
    body = {field: value for field, value in asked.items() if value is not None}
    return Request("POST", path_to(_AGENTS), AgentList, body=body, is_lookup=True)


def get_agent(agent_id: str) -> Request[Agent]:
    """Show an agent in its newest version."""
    return Request("GET", path_to(_AGENTS, agent_id), Agent)


def update_agent(agent_id: str, fields: dict[str, Any]) -> Request[Agent]:
    """Change an agent; ``fields`` are the API's, by their names, and None clears.

    The newest version changes in place until it is published; after that a change opens the next.
    """
    return Request("PATCH", path_to(_AGENTS, agent_id), Agent, body=fields)


def delete_agent(agent_id: str, *, unbinds: bool = False) -> Request[DeletedAgent]:
    """Delete an agent; ``unbinds`` takes it off the numbers that are bound to it, in one go."""
    query: dict[str, Any] = {"force": "true"} if unbinds else {}
    return Request("DELETE", path_to(_AGENTS, agent_id), DeletedAgent, query)


def publish_agent(agent_id: str) -> Request[Agent]:
    """Freeze the newest version; publishing what is published already changes nothing."""
    path = path_to(_AGENTS, agent_id, "publish")
    return Request("POST", path, Agent, idempotency_key=new_idempotency_key())


def list_versions(agent_id: str) -> Request[VersionList]:
    """List the versions of an agent."""
    return Request("GET", path_to(_AGENTS, agent_id, "versions"), VersionList)


def get_version(agent_id: str, version: int) -> Request[AgentVersion]:
    """Show one version of an agent, as its worker gets it."""
    path = path_to(_AGENTS, agent_id, "versions", str(version))
    return Request("GET", path, AgentVersion)


def duplicate_agent(
    agent_id: str, agent_name: str, idempotency_key: str | None = None
) -> Request[Agent]:
    """Copy the newest version of an agent as version 1 of a new one."""
    return Request(
        method="POST",
        path=path_to(_AGENTS, agent_id, "duplicate"),
        answer=Agent,
        body={"agent_name": agent_name},
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def probe_agent(agent_id: str, version: int | None = None) -> Request[Probe]:
    """Send for the worker of a version (the newest when None) in an empty room, and see who comes.

    It takes up to the server's join deadline, 6 seconds by default.
    """
    body = {} if version is None else {"version": version}
    return Request("POST", path_to(_AGENTS, agent_id, "probe"), Probe, body=body)
