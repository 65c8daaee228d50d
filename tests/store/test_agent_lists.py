"""Pages of agents: every agent once, in the order asked for, whatever its name."""

import itertools
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordboard.agents import operations, store
from cordboard.agents.model import checked_agent
from cordboard.agents.store import DIRECTIONS, SORTS, AgentQuery, AgentSummary
from cordboard.provisioning.delete_agent import delete_agent
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from cordboard.runtime.ids import AgentId
from tests.support.clock import SettableClock
from tests.support.organizations import an_actor

# Letters that differ in case, in length once folded, and in the order of bytes and of locales.
LETTERS = "aAbBßéZ_%\\'💥 \u017f\u0130\u0131"
names = st.text(LETTERS, min_size=1, max_size=4).map(lambda name: f"x{name}x")


async def create(db: Database, actor: Actor, name: str, **fields: object) -> AgentId:
    new = checked_agent({"agent_name": name, **fields})
    return (await db.write(operations.create_agent, actor, new)).agent_id


async def all_pages(db: Database, actor: Actor, query: AgentQuery) -> list[AgentSummary]:
    """Read every page; the totals agree, and so does what the pages hold."""
    agents: list[AgentSummary] = []
    for page in itertools.count():
        asked = AgentQuery(page, query.limit, query.sort_by, query.sort_order, query.names)
        found = await db.scan(store.list_agents, actor.organization_id, asked)
        agents += found.agents
        if not found.agents:
            assert found.total == len(agents)
            return agents
    raise AssertionError


def order(agent: AgentSummary, sort_by: str) -> tuple[object, str]:
    """Return the key of a sort; text goes by code point, as Python has it."""
    return getattr(agent, SORTS[sort_by]), agent.agent_id


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(st.tuples(names, st.integers(0, 2)), max_size=8),
    limit=st.integers(1, 3),
    parts=st.lists(st.text(LETTERS, min_size=1, max_size=2), max_size=2),
)
async def test_pages_hold_every_matching_agent_once_in_order(
    db: Database,
    clock: SettableClock,
    made: list[tuple[str, int]],
    limit: int,
    parts: list[str],
) -> None:
    actor = await an_actor(db)
    for name, seconds in made:
        clock.advance(seconds=seconds)
        await create(db, actor, name)
    matching = [
        name
        for name, _ in made
        if not parts or any(part.casefold() in name.casefold() for part in parts)
    ]
    for sort_by, sort_order in itertools.product(SORTS, DIRECTIONS):
        query = AgentQuery(0, limit, sort_by, sort_order, tuple(parts))
        agents = await all_pages(db, actor, query)
        ascending = sorted(agents, key=partial(order, sort_by=sort_by))
        assert agents == (ascending if sort_order == "ascending" else ascending[::-1])
        assert sorted(agent.agent_name for agent in agents) == sorted(matching)


async def test_a_deleted_agent_leaves_lists_and_totals(db: Database) -> None:
    actor = await an_actor(db)
    gone, kept = await create(db, actor, "One"), await create(db, actor, "One")
    await db.write(delete_agent, actor, gone, unbinds_numbers=False)
    page = await db.scan(store.list_agents, actor.organization_id, AgentQuery(names=("one",)))
    assert ([agent.agent_id for agent in page.agents], page.total) == ([kept], 1)


async def test_an_organization_lists_its_own_agents_only(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    await create(db, other, "Theirs")
    page = await db.scan(store.list_agents, actor.organization_id, AgentQuery())
    assert (page.agents, page.total) == ([], 0)


async def test_a_list_shows_the_newest_version_s_language(db: Database) -> None:
    actor = await an_actor(db)
    await create(db, actor, "A", language="de")
    await create(db, actor, "B")
    query = AgentQuery(sort_by="agent_name", sort_order="ascending")
    page = await db.scan(store.list_agents, actor.organization_id, query)
    assert [(agent.agent_name, agent.language) for agent in page.agents] == [
        ("A", "de"),
        ("B", None),
    ]
