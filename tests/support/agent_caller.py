"""What tests do with agents over HTTP."""

from typing import Any

from tests.support.builders import a_name
from tests.support.caller import Answer, Caller

AGENTS = "/api/agents"
CREATE = f"{AGENTS}/create"

Data = dict[str, Any]


def agent_path(agent_id: str, suffix: str = "") -> str:
    """Return the path of an agent, or of what lies below it."""
    return f"{AGENTS}/{agent_id}{suffix}"


def create_agent(caller: Caller, **fields: object) -> Data:
    """Create an agent and return the ``data`` of the answer."""
    body = {"agent_name": a_name(), **fields}
    data: Data = caller.request("POST", CREATE, body).data
    return data


def change_agent(caller: Caller, agent_id: str, **fields: object) -> Data:
    """Change an agent and return the ``data`` of the answer."""
    data: Data = caller.request("PATCH", agent_path(agent_id), fields).data
    return data


def show_agent(caller: Caller, agent_id: str) -> Data:
    """Return everything the API tells of an agent."""
    data: Data = caller.request("GET", agent_path(agent_id)).data
    return data


def publish_agent(caller: Caller, agent_id: str) -> Data:
    """Publish an agent's newest version and return the ``data`` of the answer."""
    data: Data = caller.request("POST", agent_path(agent_id, "/publish")).data
    return data


def show_version(caller: Caller, agent_id: str, version: object = 1) -> Answer:
    """Ask for one version, as a worker does."""
    return caller.request("GET", agent_path(agent_id, f"/versions/{version}"))


def versions(caller: Caller, agent_id: str) -> list[int]:
    """Return the versions that an agent has, in the order of the list."""
    data = caller.request("GET", agent_path(agent_id, "/versions")).data
    return [version["version"] for version in data["versions"]]


def listed_agents(caller: Caller, **asked: object) -> list[str]:
    """Return the names on one page of the list, in its order."""
    data = caller.request("POST", AGENTS, asked).data
    return [agent["agent_name"] for agent in data["agents"]]


def without(data: Data, *fields: str) -> Data:
    """Return an answer's data without some fields."""
    return {field: value for field, value in data.items() if field not in fields}
