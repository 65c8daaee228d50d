"""Agents in the database: what is stored comes back, with its past, to its owner only."""

from typing import Any

import pytest

from cordboard.agents import operations, store
from cordboard.agents.errors import AgentNotFoundError, AgentVersionNotFoundError
from cordboard.agents.model import Agent, checked_agent, checked_changes
from cordboard.provisioning.delete_agent import delete_agent
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, ReadTx
from cordboard.runtime.ids import AgentId
from tests.support.clock import SettableClock
from tests.support.events import events_of
from tests.support.organizations import an_actor

NASTY: dict[str, Any] = {
    "numbers": [0, -0.0, 1, 1.0, 1e-7, 12345678901234567890123, 0.1],
    "words": ["", "\\u0000", "\u2028", "💥", '"', "{", "$1", "?1", "{for_update}", "é", "e\u0301"],
    "empty": [{}, [], None, True, False],
    "": {"": ""},
}


async def create(db: Database, actor: Actor, **fields: object) -> Agent:
    new = checked_agent({"agent_name": "Front desk", **fields})
    return await db.write(operations.create_agent, actor, new)


async def change(db: Database, actor: Actor, agent_id: AgentId, **fields: object) -> Agent:
    return await db.write(operations.update_agent, actor, agent_id, checked_changes(fields))


async def history(tx: ReadTx, actor: Actor, agent_id: AgentId) -> list[tuple[Any, ...]]:
    rows = await tx.fetch_all(
        """SELECT revision, at_ms, action, api_key, request_id, changes FROM agent_history
           WHERE organization_id = $1 AND agent_id = $2 ORDER BY sequence""",
        actor.organization_id,
        agent_id,
    )
    return [tuple(row) for row in rows]


async def test_an_agent_comes_back_as_it_was_created(db: Database) -> None:
    actor = await an_actor(db)
    agent = await create(
        db, actor, livekit_agent_name="desk", livekit_deployment="blue", language="de"
    )
    assert await db.read(store.get_agent, actor.organization_id, agent.agent_id) == agent


async def test_any_json_is_kept_as_it_came(db: Database) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor, configuration=NASTY)
    read = await db.read(store.get_agent, actor.organization_id, agent.agent_id)
    assert repr(read.newest.configuration) == repr({"configuration": NASTY})


async def test_an_agent_comes_back_as_it_was_changed(db: Database, clock: SettableClock) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor)
    clock.advance(seconds=5)
    changed = await change(db, actor, agent.agent_id, agent_name="Sales", first_message="Hi")
    assert changed.updated_ms == agent.updated_ms + 5000
    assert await db.read(store.get_agent, actor.organization_id, agent.agent_id) == changed


async def test_a_published_version_stays_and_the_next_change_opens_another(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor, first_message="Hi")
    clock.advance(seconds=1)
    published = await db.write(operations.publish_agent, actor, agent.agent_id)
    clock.advance(seconds=1)
    opened = await change(db, actor, agent.agent_id, first_message="Ho")
    where = (actor.organization_id, agent.agent_id)
    assert await db.read(store.get_version, *where, "1") == published.newest
    assert await db.read(store.get_version, *where, "2") == opened.newest
    assert await db.read(store.get_agent, *where) == opened
    listed = await db.read(store.list_versions, *where)
    assert [(version.version, version.published_ms) for version in listed] == [
        (2, None),
        (1, agent.created_ms + 1000),
    ]


async def test_every_change_leaves_its_history_and_an_event(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor)
    clock.advance(seconds=1)
    await change(db, actor, agent.agent_id, agent_name="Sales")
    await db.write(operations.publish_agent, actor, agent.agent_id)
    await db.write(delete_agent, actor, agent.agent_id, unbinds_numbers=False)
    rows = await db.read(history, actor, agent.agent_id)
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (1, agent.created_ms, "created"),
        (2, agent.created_ms + 1000, "updated"),
        (3, agent.created_ms + 1000, "published"),
        (4, agent.created_ms + 1000, "deleted"),
    ]
    assert {row[3:5] for row in rows} == {(actor.api_key, actor.request_id)}
    assert rows[1][5] == '{"agent_name":{"from":"Front desk","to":"Sales"}}'
    events = await db.read(events_of, actor.organization_id)
    assert [(event.event, event.subject_id, event.data) for event in events] == [
        (f"agent_{done}", agent.agent_id, f'{{"version":1,"revision":{revision}}}')
        for revision, done in enumerate(["created", "updated", "published", "deleted"], 1)
    ]


@pytest.mark.parametrize("is_published", [False, True])
async def test_a_change_to_present_values_leaves_no_trace(
    db: Database, clock: SettableClock, *, is_published: bool
) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor, configuration={"a": 1, "b": 2})
    if is_published:
        agent = await db.write(operations.publish_agent, actor, agent.agent_id)
    events = await db.read(events_of, actor.organization_id)
    clock.advance(seconds=1)
    same = await change(
        db, actor, agent.agent_id, agent_name="Front desk", configuration={"b": 2, "a": 1}
    )
    await db.write(operations.publish_agent, actor, agent.agent_id) if is_published else None
    assert same == agent
    assert await db.read(store.get_agent, actor.organization_id, agent.agent_id) == agent
    assert await db.read(events_of, actor.organization_id) == events


async def test_a_copy_has_the_newest_version_as_its_first(db: Database) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor, first_message="Hi")
    await db.write(operations.publish_agent, actor, agent.agent_id)
    newest = (await change(db, actor, agent.agent_id, livekit_deployment="blue")).newest
    copy = await db.write(operations.duplicate_agent, actor, agent.agent_id, "Copy")
    assert await db.read(store.get_agent, actor.organization_id, copy.agent_id) == copy
    assert (copy.agent_name, copy.revision, copy.newest.version) == ("Copy", 1, 1)
    assert copy.newest.published_ms is None
    assert copy.newest.configuration == newest.configuration
    assert copy.newest.livekit_deployment == "blue"
    assert copy.newest.livekit_agent_name == agent.agent_id


@pytest.mark.parametrize("case", ["missing", "deleted", "another's"])
async def test_only_the_organization_s_present_agents_are_found(db: Database, case: str) -> None:
    actor = await an_actor(db)
    agent_id = AgentId("agent_missing")
    if case == "deleted":
        agent_id = (await create(db, actor)).agent_id
        await db.write(delete_agent, actor, agent_id, unbinds_numbers=True)
    if case == "another's":
        agent_id = (await create(db, await an_actor(db))).agent_id
    where = (actor.organization_id, agent_id)
    with pytest.raises(AgentNotFoundError):
        await db.read(store.get_agent, *where)
    with pytest.raises(AgentNotFoundError):
        await db.read(store.list_versions, *where)
    with pytest.raises(AgentNotFoundError):
        await db.read(store.get_version, *where, "1")
    with pytest.raises(AgentNotFoundError):
        await change(db, actor, agent_id, agent_name="Mine")
    with pytest.raises(AgentNotFoundError):
        await db.write(operations.publish_agent, actor, agent_id)
    with pytest.raises(AgentNotFoundError):
        await db.write(operations.duplicate_agent, actor, agent_id, "Mine")
    with pytest.raises(AgentNotFoundError):
        await db.write(delete_agent, actor, agent_id, unbinds_numbers=True)
    assert (await db.read(store.list_agents, actor.organization_id, store.AgentQuery())).total == 0


async def test_what_names_no_version_is_not_found(db: Database) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor)
    for version in ["0", "2", "01", "+1", "1.0", "\uff11", "abc", "", "9" * 40, "\0"]:
        with pytest.raises(AgentVersionNotFoundError):
            await db.read(store.get_version, actor.organization_id, agent.agent_id, version)


async def test_a_refused_change_leaves_nothing(db: Database) -> None:
    actor = await an_actor(db)
    agent = await create(db, actor, configuration={"a": "x" * 20_000})
    with pytest.raises(Exception, match=r"the most is 32768"):
        await change(db, actor, agent.agent_id, agent_name="New", first_message="x" * 20_000)
    assert await db.read(store.get_agent, actor.organization_id, agent.agent_id) == agent
