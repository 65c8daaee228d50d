"""What can be done with agents. Each writes the agent, its history and an event at once."""

from cordboard.agents import store
from cordboard.agents.model import Agent, AgentChanges, NewAgent, differences
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Statement, WriteTx
from cordboard.runtime.ids import AgentId
from cordboard.runtime.outbox import insert_event


async def create_agent(tx: WriteTx, actor: Actor, new: NewAgent) -> Agent:
    """Create an agent with version 1, which can change until it is published."""
    agent = new.created(actor.organization_id, AgentId(tx.new_id("agent_")), tx.now_ms)
    await tx.execute_together(
        store.insert_agent(agent),
        store.insert_version(agent.newest),
        store.insert_history(actor, agent, "created", differences(None, agent)),
        _event(tx, actor, "agent_created", agent),
    )
    return agent


async def duplicate_agent(tx: WriteTx, actor: Actor, agent_id: AgentId, agent_name: str) -> Agent:
    """Create an agent whose version 1 is the newest version of another one.

    The same workers answer for it, also where they registered under the other one's id.

    Raises:
        AgentNotFoundError: The organization has no such agent.
    """
    original = (await store.get_agent(tx, actor.organization_id, agent_id)).newest
    copy = NewAgent(
        agent_name,
        original.livekit_agent_name,
        original.livekit_deployment,
        original.configuration,
    )
    return await create_agent(tx, actor, copy)


async def update_agent(
    tx: WriteTx, actor: Actor, agent_id: AgentId, changes: AgentChanges
) -> Agent:
    """Change the newest version of an agent, or open the next one when that is published.

    What is equal already changes nothing and leaves no trace.

    Raises:
        AgentNotFoundError: The organization has no such agent.
        InvalidError: With what it keeps already, the configuration would be too large.
    """
    before = await store.get_agent_for_update(tx, actor.organization_id, agent_id)
    after = before.changed(changes, tx.now_ms)
    if after is before:
        return before
    if after.newest.version > before.newest.version:
        store_version = store.insert_version
    else:
        store_version = store.update_version
    await tx.execute_together(
        store.update_agent(after),
        store_version(after.newest),
        store.insert_history(actor, after, "updated", differences(before, after)),
        _event(tx, actor, "agent_updated", after),
    )
    return after


async def publish_agent(tx: WriteTx, actor: Actor, agent_id: AgentId) -> Agent:
    """Freeze the newest version of an agent. Asking twice is safe and changes nothing.

    Raises:
        AgentNotFoundError: The organization has no such agent.
    """
    before = await store.get_agent_for_update(tx, actor.organization_id, agent_id)
    after = before.published(tx.now_ms)
    if after is before:
        return before
    await tx.execute_together(
        store.update_agent(after),
        store.update_version(after.newest),
        store.insert_history(actor, after, "published", differences(before, after)),
        _event(tx, actor, "agent_published", after),
    )
    return after


async def delete_agent(tx: WriteTx, actor: Actor, agent: Agent) -> None:
    """Take away an agent, locked by the caller, to which no number is bound any more."""
    deleted = agent.deleted(tx.now_ms)
    await tx.execute_together(
        store.delete_agent(deleted),
        store.insert_history(actor, deleted, "deleted", differences(agent, None)),
        _event(tx, actor, "agent_deleted", deleted),
    )


def _event(tx: WriteTx, actor: Actor, event: str, agent: Agent) -> Statement:
    data = {"version": agent.newest.version, "revision": agent.revision}
    return insert_event(tx, actor, event, agent.agent_id, data)
