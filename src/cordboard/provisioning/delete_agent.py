"""Delete an agent, and what to do about the numbers that are bound to it."""

from cordboard.agents import operations as agents
from cordboard.agents.errors import AgentInUseError
from cordboard.agents.store import get_agent_for_update
from cordboard.numbers.operations import unbind_agent
from cordboard.numbers.store import count_bound_numbers
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import WriteTx
from cordboard.runtime.ids import AgentId


async def delete_agent(
    tx: WriteTx, actor: Actor, agent_id: AgentId, *, unbinds_numbers: bool
) -> None:
    """Delete an agent. Its id stays taken: no number can be bound to it again.

    While this runs no number becomes bound to the agent, because whoever binds one waits for the
    agent's row. Its cost grows with the numbers that are bound.

    Args:
        tx: One transaction, which covers the numbers too.
        actor: Who asks.
        agent_id: Which agent.
        unbinds_numbers: Unbind its numbers first; without it, a bound number is a refusal.

    Raises:
        AgentNotFoundError: The organization has no such agent.
        AgentInUseError: Numbers are bound to it.
    """
    agent = await get_agent_for_update(tx, actor.organization_id, agent_id)
    if unbinds_numbers:
        await unbind_agent(tx, actor, agent_id)
    elif bound := await count_bound_numbers(tx, actor.organization_id, agent_id):
        raise AgentInUseError(agent_id, bound)
    await agents.delete_agent(tx, actor, agent)
