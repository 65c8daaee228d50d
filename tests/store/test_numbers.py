"""Phone numbers in the database: registered, changed, deleted, each with its trace."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from cordboard.numbers import store
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import (
    Number,
    NumberExistsError,
    NumberNotFoundError,
    RevisionMismatchError,
)
from cordboard.numbers.operations import create_number, delete_number, update_number
from cordboard.numbers.store import NumberQuery
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.builders import a_number
from tests.support.clock import START_MS, SettableClock
from tests.support.events import Written, events_of
from tests.support.notes import insert_note
from tests.support.numbers import RULES, a_new_number, registered
from tests.support.organizations import an_actor

FULL: dict[str, Any] = {
    "nickname": "Ünïcode ☎ Straße",
    "phone_number_type": "custom_type-1",
    "inbound_agent_id": "agent.one",
    "outbound_agent_id": "agent-two",
    "inbound_agent_version": 2_147_483_647,
    "outbound_agent_version": 7,
    "inbound_webhook_url": "https://example.com/a?b=c%20d",
    "number_provider": "telnyx",
    "outbound_trunk_id": "ST_1",
    "fallback_agent_id": "agent-three",
    "fallback_agent_version": 3,
}


@pytest.fixture
async def actor(db: Database) -> Actor:
    return await an_actor(db)


@pytest.fixture
async def stranger(db: Database) -> Actor:
    """Who acts for another organization."""
    return await an_actor(db)


async def found(db: Database, number: Number) -> Number:
    return await db.read(store.get_number, number.organization_id, number.phone_number)


async def revisions(db: Database, number: Number) -> list[store.NumberRevision]:
    """Return a number's history, oldest first."""
    page, total = await db.read(
        store.list_history, number.organization_id, number.phone_number, 0, 1000
    )
    assert total == len(page)
    return page[::-1]


async def total(db: Database, actor: Actor) -> int:
    """Return what the counter says, and hold it against the rows."""
    page = await db.read(store.list_numbers, actor.organization_id, NumberQuery(limit=1000))
    assert page.total == len(page.numbers)
    return page.total


@pytest.mark.parametrize("fields", [{}, FULL])
@pytest.mark.parametrize("phone_number", ["+14157774444", "+4930123456"])
async def test_a_number_is_kept_as_it_was_registered(
    db: Database, actor: Actor, fields: dict[str, Any], phone_number: str
) -> None:
    number = await registered(db, actor, phone_number, **fields)
    assert await found(db, number) == number
    assert (number.revision, number.created_ms, number.updated_ms) == (1, START_MS, START_MS)
    assert number.registration_id.startswith("num_")
    assert number.etag == f'"{number.registration_id}.1"'
    for field, value in fields.items():
        assert getattr(number, field) == value


async def test_registering_leaves_a_history_and_an_event(db: Database, actor: Actor) -> None:
    number = await registered(db, actor, nickname="Front desk")
    (revision,) = await revisions(db, number)
    assert (revision.action, revision.revision, revision.at_ms) == ("created", 1, START_MS)
    assert (revision.api_key, revision.request_id) == (actor.api_key, actor.request_id)
    assert revision.registration_id == number.registration_id
    assert revision.changes["nickname"] == {"from": None, "to": "Front desk"}
    assert "outbound_trunk_id" not in revision.changes
    (event,) = await db.read(events_of, actor.organization_id)
    assert event[:3] == ("number_created", number.registration_id, START_MS)
    assert msgspec.json.decode(event.data)["phone_number"] == number.phone_number


async def test_a_number_is_registered_once_in_the_whole_installation(
    db: Database, actor: Actor, stranger: Actor
) -> None:
    number = await registered(db, actor)
    for who in (actor, stranger):
        with pytest.raises(NumberExistsError) as caught:
            await registered(db, who, number.phone_number)
        assert actor.organization_id not in caught.value.detail
    assert await found(db, number) == number
    assert [await total(db, who) for who in (actor, stranger)] == [1, 0]
    assert len(await revisions(db, number)) == 1
    assert await db.read(events_of, stranger.organization_id) == []


async def test_of_fifty_at_once_one_registers_the_number(db: Database, actor: Actor) -> None:
    new = a_new_number()
    outcomes = await asyncio.gather(
        *(db.write(create_number, actor, new, RULES) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Number) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, NumberExistsError) for outcome in outcomes) == 49
    assert await total(db, actor) == 1
    assert len(await db.read(events_of, actor.organization_id)) == 1


async def change(db: Database, number: Number, changes: dict[str, Any], *tags: str) -> Number:
    """Change a number as its organization."""
    actor = Actor(number.organization_id, "sk_changer", "req_change")
    return await db.write(
        update_number, actor, number.phone_number, changes, frozenset(tags) or None, RULES
    )


async def test_a_change_is_the_next_revision_with_a_history_and_an_event(
    db: Database, actor: Actor, clock: SettableClock
) -> None:
    number = await registered(db, actor, nickname="old", outbound_trunk_id="ST_1")
    clock.advance(ms=5)
    changed = await change(db, number, {"nickname": "new", "outbound_trunk_id": None})
    assert changed == msgspec.structs.replace(
        number, nickname="new", outbound_trunk_id=None, revision=2, updated_ms=START_MS + 5
    )
    assert await found(db, number) == changed
    _, revision = await revisions(db, number)
    assert (revision.action, revision.revision, revision.api_key) == ("updated", 2, "sk_changer")
    assert revision.changes == {
        "nickname": {"from": "old", "to": "new"},
        "outbound_trunk_id": {"from": "ST_1", "to": None},
    }
    _, event = await db.read(events_of, actor.organization_id)
    assert event[:3] == ("number_updated", number.registration_id, START_MS + 5)


@pytest.mark.parametrize("field", sorted(FULL.keys() - {"phone_number_type"}))
async def test_each_field_can_change_alone(db: Database, actor: Actor, field: str) -> None:
    number = await registered(db, actor)
    changed = await change(db, number, {field: FULL[field]})
    assert changed == msgspec.structs.replace(number, revision=2, **{field: FULL[field]})
    assert await found(db, number) == changed


async def test_a_change_to_what_is_there_already_leaves_no_trace(
    db: Database, actor: Actor, clock: SettableClock
) -> None:
    number = await registered(db, actor, nickname="same")
    clock.advance(seconds=1)
    assert await change(db, number, {"nickname": "same", "inbound_agent_id": None}) == number
    assert len(await revisions(db, number)) == 1
    assert len(await db.read(events_of, actor.organization_id)) == 1


async def test_a_number_s_time_does_not_go_back_with_the_clock(
    db: Database, actor: Actor, clock: SettableClock
) -> None:
    number = await registered(db, actor)
    clock.advance(hours=-1)
    changed = await change(db, number, {"nickname": "earlier"})
    assert changed.updated_ms == number.updated_ms
    assert [revision.at_ms for revision in await revisions(db, number)] == [START_MS] * 2


async def test_a_change_needs_the_revision_that_it_names(db: Database, actor: Actor) -> None:
    number = await registered(db, actor)
    for tags in (('"x"',), (f'"{number.registration_id}.2"',)):
        with pytest.raises(RevisionMismatchError, match=number.registration_id):
            await change(db, number, {"nickname": "a"}, *tags)
    changed = await change(db, number, {"nickname": "a"}, '"x"', number.etag)
    with pytest.raises(RevisionMismatchError):
        await change(db, number, {"nickname": "b"}, number.etag)
    assert (await change(db, changed, {"nickname": "c"}, "*")).revision == 3


async def test_of_many_changes_at_once_each_is_one_revision(db: Database, actor: Actor) -> None:
    number = await registered(db, actor)
    changed = await asyncio.gather(
        *(change(db, number, {"nickname": f"{turn}"}) for turn in range(20))
    )
    assert sorted(each.revision for each in changed) == list(range(2, 22))
    assert [each.revision for each in await revisions(db, number)] == list(range(1, 22))
    last = max(changed, key=lambda each: each.revision)
    assert await found(db, number) == last


async def delete(db: Database, number: Number, *tags: str) -> Number:
    """Delete a number as its organization."""
    actor = Actor(number.organization_id, "sk_deleter", "req_delete")
    return await db.write(delete_number, actor, number.phone_number, frozenset(tags) or None)


async def test_a_deleted_number_is_gone_and_its_history_and_event_are_there(
    db: Database, actor: Actor, clock: SettableClock
) -> None:
    number = await registered(db, actor, nickname="gone")
    clock.advance(ms=1)
    assert await delete(db, number) == number
    with pytest.raises(NumberNotFoundError):
        await found(db, number)
    assert await total(db, actor) == 0
    revision = (await revisions(db, number))[-1]
    assert (revision.action, revision.revision, revision.at_ms) == ("deleted", 2, START_MS + 1)
    assert revision.changes["nickname"] == {"from": "gone", "to": None}
    event = (await db.read(events_of, actor.organization_id))[-1]
    assert event[:3] == ("number_deleted", number.registration_id, START_MS + 1)


async def test_a_delete_needs_the_revision_that_it_names(db: Database, actor: Actor) -> None:
    number = await registered(db, actor)
    with pytest.raises(RevisionMismatchError):
        await delete(db, number, '"x"')
    await delete(db, number, number.etag)


async def test_a_number_registered_again_is_another_registration_with_the_same_past(
    db: Database, actor: Actor
) -> None:
    first = await registered(db, actor)
    await delete(db, first)
    second = await registered(db, actor, first.phone_number)
    assert second.registration_id != first.registration_id
    assert second.etag != first.etag
    assert [each.action for each in await revisions(db, second)] == [
        "created",
        "deleted",
        "created",
    ]


async def test_a_number_s_past_does_not_show_to_its_next_organization(
    db: Database, actor: Actor, stranger: Actor
) -> None:
    first = await registered(db, actor, nickname="private")
    await delete(db, first)
    second = await registered(db, stranger, first.phone_number)
    (revision,) = await revisions(db, second)
    assert revision.registration_id == second.registration_id
    assert {each.registration_id for each in await revisions(db, first)} == {first.registration_id}


async def test_a_history_is_read_in_pages_newest_first(db: Database, actor: Actor) -> None:
    number = await registered(db, actor)
    for turn in range(6):
        await change(db, number, {"nickname": f"{turn}"})
    seen = []
    for page in range(4):
        part, total = await db.read(
            store.list_history, actor.organization_id, number.phone_number, page, 3
        )
        assert total == 7
        seen.append([revision.revision for revision in part])
    assert seen == [[7, 6, 5], [4, 3, 2], [1], []]


Ask = Callable[[Database, Actor, Number], Awaitable[object]]


async def _get(db: Database, actor: Actor, number: Number) -> object:
    return await db.read(store.get_number, actor.organization_id, number.phone_number)


async def _lock(db: Database, actor: Actor, number: Number) -> object:
    return await db.write(store.get_number_for_update, actor.organization_id, number.phone_number)


async def _change(db: Database, actor: Actor, number: Number) -> object:
    changes = {"nickname": "stolen"}
    return await db.write(update_number, actor, number.phone_number, changes, None, RULES)


async def _delete(db: Database, actor: Actor, number: Number) -> object:
    return await db.write(delete_number, actor, number.phone_number, None)


async def _history(db: Database, actor: Actor, number: Number) -> object:
    return await db.read(store.list_history, actor.organization_id, number.phone_number, 0, 9)


@pytest.mark.parametrize("ask", [_get, _lock, _change, _delete, _history])
async def test_another_organization_s_number_is_as_if_it_were_not_there(
    db: Database, actor: Actor, stranger: Actor, ask: Ask
) -> None:
    number = await registered(db, actor)
    missing = msgspec.structs.replace(number, phone_number=E164(a_number()))
    texts = []
    for asked in (number, missing):
        with pytest.raises(NumberNotFoundError) as caught:
            await ask(db, stranger, asked)
        texts.append(caught.value.detail.replace(asked.phone_number, "…"))
    assert texts[0] == texts[1]
    assert await found(db, number) == number
    assert len(await revisions(db, number)) == 1
    assert await db.read(events_of, stranger.organization_id) == []


@pytest.mark.parametrize("statement", [store.update_number, store.delete_number])
async def test_statements_of_another_organization_change_nothing(
    db: Database, actor: Actor, stranger: Actor, statement: Callable[[Number], Any]
) -> None:
    number = await registered(db, actor)
    forged = msgspec.structs.replace(
        number, organization_id=stranger.organization_id, nickname="stolen", revision=9
    )
    await db.write(lambda tx: tx.execute_together(statement(forged)))
    assert await found(db, number) == number


async def test_lists_hold_the_organization_s_own_numbers_only(
    db: Database, actor: Actor, stranger: Actor
) -> None:
    mine, theirs = await registered(db, actor), await registered(db, stranger)
    page = await db.read(store.list_numbers, actor.organization_id, NumberQuery())
    assert (page.numbers, page.total) == ([mine], 1)
    available = await db.read(store.list_available_numbers, stranger.organization_id)
    assert available == [theirs]


async def test_totals_stay_exact_when_numbers_come_and_go_at_the_same_time(
    db: Database, actor: Actor, stranger: Actor
) -> None:
    phone_numbers = [a_number() for _ in range(12)]

    async def come_and_go(who: Actor, phone_number: str, turns: int) -> None:
        for _ in range(turns):
            try:
                await delete(db, await registered(db, who, phone_number))
            except (NumberExistsError, NumberNotFoundError):
                await asyncio.sleep(0)

    await asyncio.gather(
        *(
            come_and_go(who, phone_number, 5)
            for who in (actor, stranger)
            for phone_number in phone_numbers
        )
    )
    assert [await total(db, who) for who in (actor, stranger)] == [0, 0]
    kept = [await registered(db, actor) for _ in range(5)]
    await asyncio.gather(*(delete(db, number) for number in kept[:2]))
    assert await total(db, actor) == 3


async def test_each_change_has_its_history_and_its_event_however_many_happen_at_once(
    db: Database, actor: Actor
) -> None:
    await asyncio.gather(
        *(registered(db, actor) for _ in range(40)),
        *(db.write(insert_note, f"{turn}") for turn in range(40)),
    )
    page = await db.read(store.list_numbers, actor.organization_id, NumberQuery(limit=100))
    events: list[Written] = await db.read(events_of, actor.organization_id)
    assert {event.subject_id for event in events} == {
        number.registration_id for number in page.numbers
    }
    assert len(events) == page.total == 40
    for number in page.numbers:
        assert len(await revisions(db, number)) == 1
