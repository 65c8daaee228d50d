"""Which of the agents that answer are, as far as is known, served by nobody.

The newest of two things counts: the latest probe of the version, and the last call that was sent
to it. Where neither has anything to say, nothing is said.
"""

from collections.abc import Iterable

import msgspec

from cordboard.agents.model import Probe
from cordboard.agents.store import find_probe
from cordboard.calls.model import Call, EndReason
from cordboard.calls.store import list_last_calls
from cordboard.routing.model import AgentVersion, Target
from cordboard.routing.store import list_bound_agents
from cordboard.runtime.clock import iso_utc
from cordboard.runtime.db import ReadTx
from cordboard.runtime.ids import AgentId, OrganizationId

LAST_CALLS = 20
"""How many of an agent's last calls are looked at; other versions' and undecided ones pass by."""

Agent = AgentVersion | Target


class Unserved(msgspec.Struct, frozen=True):
    """A version whose worker was missing when it was last sent for, and what to do."""

    agent_id: str
    agent_version: int
    detail: str


async def find_unserved(
    tx: ReadTx, organization_id: OrganizationId, agents: Iterable[Agent]
) -> list[Unserved]:
    """Return those of some agents of the organization that were found to be without a worker."""
    found = [await _unserved(tx, organization_id, agent) for agent in agents]
    return [each for each in found if each is not None]


async def list_unserved_bindings(tx: ReadTx, limit: int) -> list[Unserved]:
    """Return those of the first agents to which numbers are bound that seem to have no worker.

    Looks at ``limit`` agents, of all organizations.
    """
    found = [
        await _unserved(tx, organization_id, agent)
        for organization_id, agent in await list_bound_agents(tx, limit)
    ]
    return [each for each in found if each is not None]


async def _unserved(tx: ReadTx, organization_id: OrganizationId, agent: Agent) -> Unserved | None:
    """Hold the latest probe against the last call."""
    agent_id = AgentId(agent.agent_id)
    probe = await find_probe(tx, organization_id, agent_id, agent.agent_version)
    if probe is not None and not _is_of(probe, agent):
        probe = None
    calls = await list_last_calls(tx, organization_id, agent_id, LAST_CALLS)
    call = next((call for call in calls if _says_something(call, agent)), None)
    is_call_newer = call is not None and (probe is None or _told_ms(call) > probe.probed_ms)
    if call is not None and is_call_newer:
        how = f"no worker took the call of {iso_utc(call.started_ms)}"
        return None if call.answered_ms is not None else _warned(agent, how)
    if probe is None or probe.is_served:
        return None
    return _warned(agent, f"no worker joined in the probe of {iso_utc(probe.probed_ms)}")


def _is_of(probe: Probe, agent: Agent) -> bool:
    """Whether a probe sent for the worker that is sent for now; a draft's can change."""
    return (probe.livekit_agent_name, probe.livekit_deployment) == (
        agent.livekit_agent_name,
        agent.livekit_deployment,
    )


def _says_something(call: Call, agent: Agent) -> bool:
    """Whether a call shows that this worker came, or that nobody did."""
    target = call.target
    if target is None or (
        target.agent_version,
        target.livekit_agent_name,
        target.livekit_deployment,
    ) != (agent.agent_version, agent.livekit_agent_name, agent.livekit_deployment):
        return False
    return call.answered_ms is not None or call.end_reason is EndReason.NO_AGENT


def _told_ms(call: Call) -> int:
    return call.answered_ms or call.ended_ms or call.started_ms


def _warned(agent: Agent, how: str) -> Unserved:
    name, deployment = agent.livekit_agent_name, agent.livekit_deployment
    worker = f"'{name}'" + (f", deployment '{deployment}'" if deployment else "")
    return Unserved(
        agent.agent_id,
        agent.agent_version,
        f"{agent.agent_id} version {agent.agent_version} seems to be served by nobody: {how}. "
        f"Start a worker registered as {worker}, then probe it",
    )
