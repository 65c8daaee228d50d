"""Pages of numbers hold what they should, in order, under every sort and filter."""

import itertools

import pytest

from cordboard.numbers import store
from cordboard.numbers.model import Number
from cordboard.numbers.store import DIRECTIONS, SORTS, NumberFilter, NumberQuery
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database
from tests.support.clock import SettableClock
from tests.support.numbers import registered
from tests.support.organizations import an_actor

NICKNAMES = (
    None,
    "a",
    "B",
    "b",
    "Zürich Büro",
    "ZÜRICH",
    "Straße 50%",
    "strasse",
    "under_score",
    "back\\slash",
    "50 % off",
    "日本",
    "é",
)
PHONE_NUMBERS = ("+1415{:07}", "+1212{:07}", "+4930{:08}", "+4420{:08}")
AGENTS = (None, "agent_a", "agent_b")
NO_FILTER = NumberFilter()
FILTERS = (
    NO_FILTER,
    NumberFilter(area_code=415),
    NumberFilter(area_code=0),
    NumberFilter(area_code=999),
    NumberFilter(agent_id="agent_a"),
    NumberFilter(agent_id="nobody"),
    NumberFilter(agent_id="agent_b", area_code=212),
    NumberFilter(nickname="zürich"),
    NumberFilter(nickname="ZÜRICH B"),
    NumberFilter(nickname="strasse"),
    NumberFilter(nickname="%"),
    NumberFilter(nickname="_"),
    NumberFilter(nickname="\\"),
    NumberFilter(nickname="0 %"),
    NumberFilter(nickname="本"),
    NumberFilter(nickname="B", area_code=415),
    NumberFilter(nickname="b", agent_id="agent_a", area_code=415),
)


@pytest.fixture
async def actor(db: Database) -> Actor:
    return await an_actor(db)


@pytest.fixture
async def estate(db: Database, actor: Actor, clock: SettableClock) -> list[Number]:
    """Numbers with every nickname, in four places, bound in every way, some at one instant."""
    bindings = itertools.cycle(itertools.product(AGENTS, AGENTS))
    numbers = []
    for place, (nickname, form) in enumerate(itertools.product(NICKNAMES, PHONE_NUMBERS)):
        inbound, outbound = next(bindings)
        phone_number = form.format((place * 7919) % 1_000_000)
        numbers.append(
            await registered(
                db,
                actor,
                phone_number,
                nickname=nickname,
                inbound_agent_id=inbound,
                outbound_agent_id=outbound,
            )
        )
        clock.advance(ms=place % 3)
    return numbers


def matches(number: Number, chosen: NumberFilter) -> bool:
    """Whether a number belongs into a list, by its definition."""
    agents = (number.inbound_agent_id, number.outbound_agent_id)
    return (
        (chosen.area_code is None or number.area_code == chosen.area_code)
        and (chosen.agent_id is None or chosen.agent_id in agents)
        and (
            chosen.nickname is None
            or chosen.nickname.casefold() in (number.nickname or "").casefold()
        )
    )


def expected(estate: list[Number], query: NumberQuery) -> list[str]:
    """Return the phone numbers of the whole list, by its definition; null sorts first."""

    def place(number: Number) -> tuple[object, str]:
        values = {
            "updated_at": number.updated_ms,
            "created_at": number.created_ms,
            "phone_number": number.phone_number,
            "nickname": number.nickname or "",
            "area_code": number.area_code or 0,
        }
        return values[query.sort_by], number.phone_number

    chosen = [number for number in estate if matches(number, query.filter)]
    ordered = sorted(chosen, key=place, reverse=query.sort_order == "descending")
    return [number.phone_number for number in ordered]


async def listed(db: Database, actor: Actor, query: NumberQuery) -> list[str]:
    """Return the phone numbers of all pages, one after the other."""
    seen: list[str] = []
    for page in itertools.count():
        answer = await db.scan(
            store.list_numbers,
            actor.organization_id,
            NumberQuery(page, query.limit, query.sort_by, query.sort_order, query.filter),
        )
        if not answer.numbers:
            assert answer.total == len(seen)
            return seen
        assert len(answer.numbers) <= query.limit
        seen += [number.phone_number for number in answer.numbers]
    raise AssertionError


async def test_pages_are_disjoint_complete_and_in_order_under_every_sort_and_filter(
    db: Database, actor: Actor, estate: list[Number]
) -> None:
    for sort_by, sort_order, chosen in itertools.product(SORTS, DIRECTIONS, FILTERS):
        limit = 7 if chosen is NO_FILTER else 4
        query = NumberQuery(0, limit, sort_by, sort_order, chosen)
        assert await listed(db, actor, query) == expected(estate, query), query


async def test_filters_of_the_test_find_something_and_leave_something_out(
    estate: list[Number],
) -> None:
    found = [sum(matches(number, chosen) for number in estate) for chosen in FILTERS]
    assert found.count(0) == 3
    assert found[1] == len(estate) // 4
    assert all(count < len(estate) for count in found[1:])


async def test_rows_of_a_list_are_whole_numbers(
    db: Database, actor: Actor, estate: list[Number]
) -> None:
    page = await db.read(store.list_numbers, actor.organization_id, NumberQuery(limit=len(estate)))
    by_number = {number.phone_number: number for number in estate}
    assert {number.phone_number: number for number in page.numbers} == by_number


async def test_a_page_behind_the_last_is_empty_with_the_same_total(
    db: Database, actor: Actor, estate: list[Number]
) -> None:
    for page in (1, 2_147_483_647):
        query = NumberQuery(page=page, limit=1000)
        answer = await db.scan(store.list_numbers, actor.organization_id, query)
        assert (answer.numbers, answer.total) == ([], len(estate))


async def test_available_numbers_are_those_of_no_agent_newest_first(
    db: Database, actor: Actor, estate: list[Number]
) -> None:
    free = [
        number for number in estate if not (number.inbound_agent_id or number.outbound_agent_id)
    ]
    assert free
    newest_first = sorted(
        free, key=lambda number: (number.created_ms, number.phone_number), reverse=True
    )
    assert await db.scan(store.list_available_numbers, actor.organization_id) == newest_first


def test_only_a_short_way_into_an_unfiltered_list_is_cheap() -> None:
    assert NumberQuery(page=9, limit=50).is_cheap
    assert not NumberQuery(page=10, limit=50).is_cheap
    assert not NumberQuery(limit=501).is_cheap
    assert not NumberQuery(filter=NumberFilter(area_code=415)).is_cheap
