"""Aliases in the database: each leads to one number, whatever happens at the same time."""

import asyncio

import pytest

from cordboard.numbers import operations, store
from cordboard.numbers.aliases import AliasExistsError
from cordboard.numbers.model import Number
from cordboard.numbers.operations import delete_number, update_number
from cordboard.routing.store import find_facts
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.builders import a_name, a_number
from tests.support.numbers import RULES, a_new_number, registered
from tests.support.organizations import an_actor
from tests.support.raw_sql import run_sql

RACES = 10


@pytest.fixture
async def actor(db: Database) -> Actor:
    return await an_actor(db)


async def change(db: Database, actor: Actor, number: Number, *aliases: str) -> Number:
    changes = {"aliases": aliases}
    return await db.write(update_number, actor, number.phone_number, changes, None, RULES)


async def reached(db: Database, dialled: str) -> str | None:
    facts = await db.read(find_facts, dialled)
    return None if facts.number is None else facts.number.phone_number


async def test_aliases_are_kept_in_their_order_and_lead_to_the_number(
    db: Database, actor: Actor
) -> None:
    aliases = (a_name("z"), a_name("a"))
    number = await registered(db, actor, aliases=aliases)
    found = await db.read(store.get_number, actor.organization_id, number.phone_number)
    assert found == number
    assert found.aliases == aliases
    assert [await reached(db, alias) for alias in aliases] == [number.phone_number] * 2


async def test_a_change_of_aliases_takes_and_gives_back(db: Database, actor: Actor) -> None:
    kept, dropped, added = a_name(), a_name(), a_name()
    number = await registered(db, actor, aliases=(kept, dropped))
    after = await change(db, actor, number, added, kept)
    assert (after.aliases, after.revision) == ((added, kept), 2)
    own = number.phone_number
    assert [await reached(db, each) for each in (kept, dropped, added)] == [own, None, own]
    other = await registered(db, actor, aliases=(dropped,))
    assert await reached(db, dropped) == other.phone_number


async def test_a_deleted_number_gives_its_aliases_back(
    db: Database, database_url: str, actor: Actor
) -> None:
    alias = a_name()
    number = await registered(db, actor, aliases=(alias,))
    await db.write(delete_number, actor, number.phone_number, None)
    assert await reached(db, alias) is None
    assert run_sql(database_url, "SELECT alias FROM phone_number_alias") == []
    other = await registered(db, await an_actor(db), aliases=(alias,))
    assert await reached(db, alias) == other.phone_number


async def test_an_alias_that_is_taken_is_refused_here_and_elsewhere(
    db: Database, actor: Actor
) -> None:
    alias = a_name()
    number = await registered(db, actor, aliases=(alias,))
    for who in (actor, await an_actor(db)):
        new = a_new_number(aliases=(a_name(), alias))
        with pytest.raises(AliasExistsError) as caught:
            await db.write(operations.create_number, who, new, RULES)
        assert number.phone_number not in caught.value.detail
        assert await reached(db, new.phone_number) is None
        assert await reached(db, new.aliases[0]) is None
        plain = await registered(db, who)
        with pytest.raises(AliasExistsError):
            await change(db, who, plain, alias)
        page, total = await db.read(
            store.list_history, who.organization_id, plain.phone_number, 0, 10
        )
        assert (total, page[0].action) == (1, "created")
    assert await reached(db, alias) == number.phone_number


async def test_of_many_at_once_one_gets_the_alias(db: Database, actor: Actor) -> None:
    other = await an_actor(db)
    for _ in range(RACES):
        alias, second = a_name(), a_name()
        numbers = [await registered(db, who) for who in (actor, other)]
        outcomes = await asyncio.gather(
            change(db, actor, numbers[0], alias, second),
            change(db, other, numbers[1], second, alias),
            *(registered(db, who, aliases=(second, alias)) for who in (actor, other)),
            return_exceptions=True,
        )
        (owner,) = [each for each in outcomes if isinstance(each, Number)]
        refused = [each for each in outcomes if isinstance(each, BaseException)]
        assert {type(each) for each in refused} == {AliasExistsError}
        assert await reached(db, alias) == await reached(db, second) == owner.phone_number


async def test_upper_and_lower_case_are_two_aliases(db: Database, actor: Actor) -> None:
    alias = a_name("Desk")
    first = await registered(db, actor, aliases=(alias,))
    second = await registered(db, actor, aliases=(alias.lower(),))
    found = [await reached(db, each) for each in (alias, alias.lower(), alias.upper())]
    assert found == [first.phone_number, second.phone_number, None]


async def test_a_number_goes_before_an_alias_that_would_read_like_it(
    db: Database, database_url: str, actor: Actor
) -> None:
    """As after a release of libphonenumber that knows a new range."""
    aliased = await registered(db, actor, aliases=("placeholder",))
    plain = a_number()
    sql = "UPDATE phone_number_alias SET alias = '{}' WHERE alias = 'placeholder'"
    run_sql(database_url, sql.format(plain[1:]))
    assert await reached(db, plain[1:]) == aliased.phone_number
    await registered(db, actor, plain)
    assert await reached(db, plain[1:]) == plain


async def test_an_alias_stays_when_its_agent_goes(db: Database, actor: Actor) -> None:
    alias = a_name()
    number = await registered(db, actor, inbound_agent_id="desk", aliases=(alias,))
    facts = await db.read(find_facts, f"sip:{alias}@sip.example.com", actor.organization_id)
    assert facts.number is not None
    assert facts.number.inbound is not None
    assert (facts.how, facts.passed_over) == (f"alias '{alias}'", ())
    await db.write_long(operations.unbind_agent, actor, "desk")
    assert await reached(db, alias) == number.phone_number


async def test_what_cannot_be_an_alias_is_not_asked_for(db: Database, actor: Actor) -> None:
    await registered(db, actor, aliases=(a_name(),))
    for dialled in ("", "\0", "a\0b", "\ud800", "x" * 300, "büro", "a b", "%00"):
        assert await reached(db, dialled) is None
