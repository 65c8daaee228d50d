"""Agents as people read them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cordboard.edge.cli.output import print_record, print_table
from cordboard.edge.client.agents import (
    Agent,
    AgentList,
    AgentVersion,
    DeletedAgent,
    Probe,
    VersionList,
)

DRAFT = "draft"

_OLDER_NAMES = frozenset({"language", "voice", "first_message", "model", "transcription_model"})


def print_agents(pages: Sequence[AgentList]) -> None:
    """Print a table of agents."""
    print_table(
        ("AGENT", "NAME", "LANGUAGE", "UPDATED"),
        (
            (agent.agent_id, agent.agent_name, agent.language, agent.updated_at)
            for page in pages
            for agent in page.agents
        ),
    )


def print_agent(agent: Agent | AgentVersion, raw: bytes) -> None:
    """Print an agent, a field per line, then what its worker is told (from the answer's JSON)."""
    state = f"published {agent.published_at}" if agent.published_at else DRAFT
    fields: list[tuple[str, object]] = [("Agent", agent.agent_id)]
    if isinstance(agent, Agent):
        fields.append(("Name", agent.agent_name))
    fields += [
        ("Version", f"{agent.version} ({state})"),
        ("Worker", agent.livekit_agent_name or agent.agent_id),
        ("Deployment", agent.livekit_deployment),
        ("Created", agent.created_at),
        ("Updated", agent.updated_at),
    ]
    print_record([*fields, *_told_to_worker(raw, set(agent.__struct_fields__))])


def print_deleted(deleted: DeletedAgent) -> None:
    """Print which agent is gone."""
    print_record([("Agent", deleted.agent_id)])


def print_versions(versions: VersionList) -> None:
    """Print a table of versions."""
    print_table(
        ("VERSION", "PUBLISHED", "WORKER", "DEPLOYMENT", "UPDATED"),
        (
            (
                version.version,
                version.published_at or DRAFT,
                version.livekit_agent_name,
                version.livekit_deployment,
                version.updated_at,
            )
            for version in versions.versions
        ),
    )


def print_probe(probe: Probe) -> None:
    """Print whether a worker came, a field per line."""
    joined = probe.joined_after_ms
    print_record(
        [
            ("Agent", f"{probe.agent_id}@{probe.version}"),
            ("Worker", probe.livekit_agent_name),
            ("Deployment", probe.livekit_deployment),
            ("Served", "yes" if probe.is_served else "no"),
            ("Taken by", probe.worker_id),
            ("Joined", None if joined is None else f"after {joined / 1000:.3f} s"),
            ("Probed", probe.probed_at),
            ("Found", probe.detail),
        ]
    )


def _told_to_worker(raw: bytes, known: set[str]) -> list[tuple[str, object]]:
    data: dict[str, Any] = msgspec.json.decode(raw)
    return [
        (field, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for field, value in data.items()
        if value is not None and field not in known | _OLDER_NAMES
    ]
