"""An agent with numbers: refused, or deleted with every number unbound, whoever binds meanwhile."""

import asyncio
from itertools import combinations

import pytest

from cordboard.agents import operations as agents
from cordboard.agents.errors import AgentInUseError, AgentNotFoundError, AgentVersionNotFoundError
from cordboard.agents.model import checked_agent, checked_changes
from cordboard.agents.store import get_agent, list_versions
from cordboard.numbers import operations as numbers
from cordboard.numbers.model import Number, NumberRules, checked_registration
from cordboard.numbers.store import (
    claim_bound_numbers,
    count_bound_numbers,
    get_number,
    insert_unbinding_events,
    insert_unbinding_history,
    list_history,
    update_unbound,
)
from cordboard.provisioning.delete_agent import delete_agent
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.ids import AgentId
from tests.support.builders import a_number
from tests.support.clock import START_MS, SettableClock
from tests.support.events import Written, events_of
from tests.support.organizations import an_actor

RULES = NumberRules()
RACES = 10
FIELDS = ("inbound_agent_id", "outbound_agent_id", "fallback_agent_id")


async def an_agent(db: Database, actor: Actor) -> AgentId:
    new = checked_agent({"agent_name": "Front desk"})
    return (await db.write(agents.create_agent, actor, new)).agent_id


async def bind(db: Database, actor: Actor, **fields: object) -> Number:
    new = checked_registration({"phone_number": a_number(), **fields}, RULES)
    return await db.write(numbers.create_number, actor, new, RULES)


async def shown(db: Database, number: Number) -> Number:
    return await db.read(get_number, number.organization_id, number.phone_number)


@pytest.mark.parametrize("field", FIELDS)
async def test_an_agent_with_numbers_is_not_deleted(db: Database, field: str) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    number = await bind(db, actor, **{field: agent_id})
    with pytest.raises(AgentInUseError, match="is bound to 1 phone number;"):
        await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=False)
    assert await shown(db, number) == number
    await db.read(get_agent, actor.organization_id, agent_id)


async def test_a_number_that_is_bound_twice_counts_once(db: Database) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    await bind(db, actor, inbound_agent_id=agent_id, outbound_agent_id=agent_id)
    await bind(db, actor, outbound_agent_id=agent_id, fallback_agent_id=agent_id)
    await bind(db, actor)
    assert await db.read(count_bound_numbers, actor.organization_id, agent_id) == 2


async def test_force_unbinds_each_number_in_its_next_revision(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    agent_id, other_id = await an_agent(db, actor), await an_agent(db, actor)
    inbound = await bind(db, actor, inbound_agent_id=agent_id, outbound_agent_id=other_id)
    outbound = await bind(db, actor, inbound_agent_id="elsewhere", outbound_agent_id=agent_id)
    both = await bind(db, actor, inbound_agent_id=agent_id, outbound_agent_id=agent_id)
    before = await db.read(events_of, actor.organization_id)
    clock.advance(seconds=3)
    await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True)
    assert await shown(db, inbound) == inbound.changed({"inbound_agent_id": None}, clock())
    assert await shown(db, outbound) == outbound.changed({"outbound_agent_id": None}, clock())
    cleared = {"inbound_agent_id": None, "outbound_agent_id": None}
    assert await shown(db, both) == both.changed(cleared, clock())
    events = await db.read(events_of, actor.organization_id)
    assert set(events[len(before) :]) == {
        Written(
            "number_updated",
            number.registration_id,
            clock(),
            f'{{"phone_number":"{number.phone_number}","revision":2}}',
        )
        for number in (inbound, outbound, both)
    } | {Written("agent_deleted", agent_id, clock(), '{"version":1,"revision":2}')}


@pytest.mark.parametrize(
    "fields", [each for most in (1, 2, 3) for each in combinations(FIELDS, most)]
)
async def test_force_writes_the_history_of_a_number(
    db: Database, clock: SettableClock, fields: tuple[str, ...]
) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    number = await bind(db, actor, **dict.fromkeys(fields, agent_id))
    clock.advance(seconds=3)
    await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True)
    where = (actor.organization_id, number.phone_number)
    revisions, total = await db.read(list_history, *where, 0, 10)
    last = revisions[0]
    assert total == 2
    assert (last.revision, last.at_ms, last.action) == (2, clock(), "updated")
    assert (last.api_key, last.request_id) == (actor.api_key, actor.request_id)
    assert last.changes == {field: {"from": agent_id, "to": None} for field in fields}


async def test_a_number_s_time_does_not_go_backwards_when_it_is_unbound(
    db: Database, clock: SettableClock
) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    number = await bind(db, actor, inbound_agent_id=agent_id)
    clock.advance(seconds=-60)
    await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True)
    assert (await shown(db, number)).updated_ms == number.updated_ms


async def test_numbers_are_unbound_in_batches_in_their_order(db: Database) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    bound = [await bind(db, actor, inbound_agent_id=agent_id) for _ in range(5)]
    last = [number.phone_number for number in bound[1::2]]

    async def unbind_two(tx: WriteTx) -> str | None:
        batch = await claim_bound_numbers(tx, actor.organization_id, agent_id, 2)
        if batch is None:
            return None
        await tx.execute_together(
            insert_unbinding_history(actor, batch, tx.now_ms),
            insert_unbinding_events(actor, batch, tx.now_ms),
            update_unbound(actor, batch, tx.now_ms),
        )
        return batch.last

    assert [await db.write(unbind_two) for _ in range(4)] == [*last, bound[4].phone_number, None]
    for number in bound:
        assert await shown(db, number) == number.changed({"inbound_agent_id": None}, START_MS)
    events = await db.read(events_of, actor.organization_id)
    assert [event.subject_id for event in events if event.event == "number_updated"] == [
        number.registration_id for number in bound
    ]


async def test_force_touches_no_other_organization_s_numbers(db: Database) -> None:
    actor, other = await an_actor(db), await an_actor(db)
    agent_id = await an_agent(db, actor)
    theirs = await bind(db, other, inbound_agent_id="a-name-that-livekit-knows")
    await bind(db, actor, inbound_agent_id=agent_id)
    await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True)
    assert await shown(db, theirs) == theirs


async def test_no_number_can_be_bound_to_a_deleted_agent(db: Database) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    await db.write_long(delete_agent, actor, agent_id, unbinds_numbers=False)
    with pytest.raises(AgentNotFoundError):
        await bind(db, actor, inbound_agent_id=agent_id)


async def test_a_number_follows_a_version_that_exists(db: Database) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    with pytest.raises(AgentVersionNotFoundError):
        await bind(db, actor, inbound_agent_id=agent_id, inbound_agent_version=2)
    await db.write(agents.publish_agent, actor, agent_id)
    with pytest.raises(AgentVersionNotFoundError):
        await bind(db, actor, inbound_agent_id=agent_id, inbound_agent_version=2)
    changes = checked_changes({"livekit_deployment": "blue"})
    await db.write(agents.update_agent, actor, agent_id, changes)
    number = await bind(db, actor, inbound_agent_id=agent_id, inbound_agent_version=2)
    assert number.inbound_agent_version == 2


async def test_no_number_stays_bound_to_an_agent_that_is_deleted_meanwhile(db: Database) -> None:
    actor = await an_actor(db)
    for _ in range(RACES):
        agent_id = await an_agent(db, actor)
        unbound = [await bind(db, actor) for _ in range(3)]
        changes = {"inbound_agent_id": agent_id}
        outcomes = await asyncio.gather(
            *(bind(db, actor, outbound_agent_id=agent_id) for _ in range(3)),
            db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True),
            *(
                db.write(numbers.update_number, actor, number.phone_number, changes, None, RULES)
                for number in unbound
            ),
            return_exceptions=True,
        )
        refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert {type(refusal) for refusal in refusals} <= {AgentNotFoundError}
        assert await db.read(count_bound_numbers, actor.organization_id, agent_id) == 0


async def test_a_number_that_changes_while_it_is_unbound_has_each_revision_once(
    db: Database,
) -> None:
    actor = await an_actor(db)
    for turn in range(RACES):
        agent_id = await an_agent(db, actor)
        bound = [await bind(db, actor, inbound_agent_id=agent_id) for _ in range(4)]
        changes = {"nickname": f"Turn {turn}"}
        await asyncio.gather(
            *(
                db.write(numbers.update_number, actor, number.phone_number, changes, None, RULES)
                for number in bound
            ),
            db.write_long(delete_agent, actor, agent_id, unbinds_numbers=True),
        )
        for number in bound:
            where = (actor.organization_id, number.phone_number)
            revisions, _ = await db.read(list_history, *where, 0, 10)
            assert [revision.revision for revision in revisions] == [3, 2, 1]


async def test_a_number_that_became_bound_first_keeps_the_agent(db: Database) -> None:
    actor = await an_actor(db)
    for _ in range(RACES):
        agent_id = await an_agent(db, actor)
        bound, deleted = await asyncio.gather(
            bind(db, actor, outbound_agent_id=agent_id),
            db.write_long(delete_agent, actor, agent_id, unbinds_numbers=False),
            return_exceptions=True,
        )
        assert isinstance(bound, AgentNotFoundError) is (deleted is None)
        assert isinstance(deleted, AgentInUseError) is isinstance(bound, Number)


async def test_changes_that_meet_each_other_open_no_version_twice(db: Database) -> None:
    actor = await an_actor(db)
    agent_id = await an_agent(db, actor)
    for turn in range(RACES):
        await asyncio.gather(
            *(
                db.write(
                    agents.update_agent,
                    actor,
                    agent_id,
                    checked_changes({"first_message": f"{turn} {index}"}),
                )
                for index in range(4)
            ),
            *(db.write(agents.publish_agent, actor, agent_id) for _ in range(2)),
        )
    agent = await db.read(get_agent, actor.organization_id, agent_id)
    versions = await db.read(list_versions, actor.organization_id, agent_id)
    assert [version.version for version in versions] == [*range(agent.newest.version, 0, -1)]
    assert all(version.published_ms is not None for version in versions[1:])
    assert agent.revision <= 1 + RACES * 6
