"""Agents in the database: the rows, their versions, and pages of them."""

from cordboard.agents.store.bindings import NOT_TO_BE_HAD, find_newest_versions
from cordboard.agents.store.listing import (
    DIRECTIONS,
    SORTS,
    AgentPage,
    AgentQuery,
    AgentSummary,
    list_agents,
)
from cordboard.agents.store.probes import (
    delete_probe_room,
    find_probe,
    insert_probe_room,
    list_old_probe_rooms,
    update_probe,
)
from cordboard.agents.store.records import (
    VersionSummary,
    delete_agent,
    get_agent,
    get_agent_for_update,
    get_version,
    insert_agent,
    insert_history,
    insert_version,
    list_versions,
    update_agent,
    update_version,
)

__all__ = [
    "DIRECTIONS",
    "NOT_TO_BE_HAD",
    "SORTS",
    "AgentPage",
    "AgentQuery",
    "AgentSummary",
    "VersionSummary",
    "delete_agent",
    "delete_probe_room",
    "find_newest_versions",
    "find_probe",
    "get_agent",
    "get_agent_for_update",
    "get_version",
    "insert_agent",
    "insert_history",
    "insert_probe_room",
    "insert_version",
    "list_agents",
    "list_old_probe_rooms",
    "list_versions",
    "update_agent",
    "update_probe",
    "update_version",
]
