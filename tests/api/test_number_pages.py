"""The pages of any estate are disjoint and complete, under every sort and every filter."""

from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders import a_foreign_number, a_number
from tests.support.caller import CREATE, LIST, Caller, path_of
from tests.support.server import RunningServer

# Each example makes an organization of its own, so the server may serve them all.
SHARED_SERVER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

NICKNAMES = st.sampled_from(
    [None, None, "a", "A", "ab", "B%", "b_", "Straße", "STRASSE", "é", "\uffff", "😀 line"]
)
AGENTS = st.sampled_from([None, None, "agent_1", "agent_2"])
AREA_CODES = st.sampled_from([None, 201, 415, 415])
PARTS = st.sampled_from(["a", "B", "%", "_", "strasse", "é", "😀", "x"])


class Wish(NamedTuple):
    """A number that an estate should have."""

    area_code: int | None
    nickname: str | None
    inbound_agent_id: str | None
    outbound_agent_id: str | None
    is_changed_later: bool


class Kept(NamedTuple):
    """A number as the model knows it, in the list's sort columns; null sorts as '' or 0."""

    phone_number: str
    nickname: str
    area_code: int
    created_at: int
    updated_at: int
    agents: set[str | None]


WISHES = st.lists(
    st.builds(Wish, AREA_CODES, NICKNAMES, AGENTS, AGENTS, st.booleans()), max_size=12
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={"nickname": PARTS, "area_code": st.sampled_from([201, 415, 999]), "agent_id": AGENTS},
)


def an_estate(caller: Caller, wishes: list[Wish]) -> list[Kept]:
    """Register what is wished for, change some of it, and return what should be there."""
    made = []
    for wish in wishes:
        number = a_foreign_number() if wish.area_code is None else a_number(wish.area_code)
        fields = {
            "phone_number": number,
            "nickname": wish.nickname,
            "inbound_agent_id": wish.inbound_agent_id,
            "outbound_agent_id": wish.outbound_agent_id,
        }
        made.append((wish, caller.request("POST", CREATE, fields).data))
    return [_kept(caller, wish, created) for wish, created in made]


def _kept(caller: Caller, wish: Wish, created: dict[str, Any]) -> Kept:
    number = created["phone_number"]
    updated_ms = created["last_modification_timestamp"]
    if wish.is_changed_later:
        changed = caller.request("PATCH", path_of(number), {"outbound_trunk_id": "ST_1"}).data
        updated_ms = changed["last_modification_timestamp"]
    return Kept(
        number,
        wish.nickname or "",
        wish.area_code or 0,
        created["last_modification_timestamp"],
        updated_ms,
        {wish.inbound_agent_id, wish.outbound_agent_id},
    )


def matches(number: Kept, criteria: dict[str, Any]) -> bool:
    part = criteria.get("nickname")
    area_code = criteria.get("area_code")
    agent_id = criteria.get("agent_id")
    return (
        (part is None or part.casefold() in number.nickname.casefold())
        and (area_code is None or number.area_code == area_code)
        and (agent_id is None or agent_id in number.agents)
    )


def all_pages(caller: Caller, asked: dict[str, Any]) -> tuple[list[str], set[int], set[int]]:
    """Return the numbers of all pages one after the other, the totals and the lengths told."""
    found: list[str] = []
    totals, counts = set(), set()
    page, has_next = 0, True
    while has_next:
        data = caller.request("POST", LIST, {**asked, "page": page}).data
        numbers = [number["phone_number"] for number in data["phone_numbers"]]
        assert data["returned_count"] == len(numbers) <= asked["limit"]
        found += numbers
        totals.add(data["pagination"]["total_count"])
        counts.add(data["pagination"]["total_pages"])
        has_next = data["pagination"]["has_next"]
        page += 1
    return found, totals, counts


@settings(max_examples=60, suppress_health_check=SHARED_SERVER)
@given(wishes=WISHES, criteria=FILTERS, limit=st.integers(1, 13))
def test_the_pages_of_any_estate_are_disjoint_and_complete_under_every_sort_and_filter(
    server: RunningServer, wishes: list[Wish], criteria: dict[str, Any], limit: int
) -> None:
    caller = server.organization()
    estate = an_estate(caller, wishes)
    for chosen in ({}, criteria):
        matching = [number for number in estate if matches(number, chosen)]
        for sort_by in ("updated_at", "phone_number", "nickname", "area_code", "created_at"):
            ordered = sorted(matching, key=lambda n: (getattr(n, sort_by), n.phone_number))
            for sort_order in ("ascending", "descending"):
                asked = {
                    "limit": limit,
                    "sort_by": sort_by,
                    "sort_order": sort_order,
                    "filter_criteria": chosen,
                }
                expected = [number.phone_number for number in ordered]
                found, totals, counts = all_pages(caller, asked)
                assert found == (expected if sort_order == "ascending" else expected[::-1])
                assert (totals, counts) == ({len(expected)}, {-(-len(expected) // limit)})
