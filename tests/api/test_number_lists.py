"""Lists: what is sorted how, what a filter matches, and what a page says of itself."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.support.builders import a_foreign_number, a_name, a_number
from tests.support.caller import AVAILABLE, LIST, NUMBERS, Caller
from tests.support.clock import SettableClock
from tests.support.server import RunningServer


def by_body(caller: Caller, **asked: object) -> Any:  # noqa: ANN401 - JSON as it came
    return caller.request("POST", LIST, asked).data


def by_query(caller: Caller, **asked: object) -> Any:  # noqa: ANN401 - JSON as it came
    return caller.request("GET", f"{NUMBERS}?{urlencode(asked, quote_via=quote)}").data


def numbers_in(data: dict[str, Any]) -> list[str]:
    return [number["phone_number"] for number in data["phone_numbers"]]


def test_an_empty_estate_is_an_empty_list(caller: Caller) -> None:
    expected = {
        "organization_id": caller.organization_id,
        "phone_numbers": [],
        "returned_count": 0,
        "pagination": {
            "page": 0,
            "limit": 50,
            "total_pages": 0,
            "total_count": 0,
            "has_next": False,
            "has_previous": False,
        },
        "sort_order": "descending",
        "sort_by": "updated_at",
    }
    assert by_body(caller) == expected
    assert by_query(caller) == expected | {"applied_filters": {}}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"filter_criteria": {}}'])
def test_a_body_that_asks_for_nothing_asks_for_the_first_page(caller: Caller, body: bytes) -> None:
    number = a_number()
    caller.create(number)
    data = caller.request("POST", LIST, body).data
    assert numbers_in(data) == [number]
    assert data["pagination"]["limit"] == 50


def test_null_asks_for_nothing(caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    fields = ["page", "limit", "sort_by", "sort_order", "filter_criteria"]
    assert numbers_in(by_body(caller, **dict.fromkeys(fields))) == [number]
    criteria = dict.fromkeys(["nickname", "area_code", "agent_id"])
    assert numbers_in(by_body(caller, filter_criteria=criteria)) == [number]


def test_an_item_has_the_published_fields_in_their_order(caller: Caller) -> None:
    created = caller.create(a_number(), nickname="Sales", outbound_trunk_id="ST_1")
    (item,) = by_body(caller)["phone_numbers"]
    assert list(item) == [
        "phone_number",
        "phone_number_pretty",
        "area_code",
        "nickname",
        "phone_number_type",
        "inbound_agent_id",
        "outbound_agent_id",
        "number_provider",
        "outbound_trunk_id",
        "created_at",
        "updated_at",
    ]
    assert item == {field: created[field] for field in item}


def test_times_sort_by_the_millisecond_and_the_last_change_comes_first(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    numbers = [a_number() for _ in range(4)]
    for number in numbers:
        caller.create(number)
        clock.advance(ms=1)
    assert caller.listed() == numbers[::-1]
    caller.patch(numbers[1], nickname="changed")
    moved = [numbers[0], numbers[2], numbers[3], numbers[1]]
    assert caller.listed() == moved[::-1]
    assert caller.listed("sort_by=updated_at&sort_order=ascending") == moved
    assert caller.listed("sort_by=created_at") == numbers[::-1]
    assert caller.listed("sort_by=created_at&sort_order=ascending") == numbers


NICKNAMES = [
    None,
    "\x01",
    "0",
    "A",
    "Z",
    "a",
    "z",
    "~",
    "Ä",
    "é",
    "ß",
    "Ω",
    "ﬀ",
    "\uffff",
    "😀",
    "\U0010ffff",
]


def test_nicknames_sort_by_code_point_and_null_below_all(caller: Caller) -> None:
    numbers = {nickname: a_number() for nickname in reversed(NICKNAMES)}
    for nickname, number in numbers.items():
        caller.create(number, nickname=nickname)
    ordered = [numbers[name] for name in sorted(numbers, key=lambda name: name or "")]
    assert caller.listed("sort_by=nickname&sort_order=ascending") == ordered
    assert caller.listed("sort_by=nickname") == ordered[::-1]


def test_area_codes_sort_by_number_and_null_below_all(caller: Caller) -> None:
    abroad = sorted(a_foreign_number() for _ in range(2))
    home = [a_number(code) for code in (201, 415, 989)]
    for number in [home[1], abroad[1], home[0], abroad[0], home[2]]:
        caller.create(number)
    assert caller.listed("sort_by=area_code&sort_order=ascending") == abroad + home
    assert caller.listed("sort_by=area_code") == [*home[::-1], *abroad[::-1]]


def test_phone_numbers_sort_as_text(caller: Caller) -> None:
    numbers = [a_number(201), a_number(999), a_foreign_number(), "+390612345678", "+79161234567"]
    for number in numbers:
        caller.create(number)
    assert caller.listed("sort_by=phone_number&sort_order=ascending") == sorted(numbers)
    assert caller.listed("sort_by=phone_number") == sorted(numbers, reverse=True)
    for number in numbers[-2:]:
        caller.delete(number)


@pytest.mark.parametrize("sort_by", ["updated_at", "created_at", "nickname", "area_code"])
def test_ties_are_broken_by_the_number_in_the_same_direction(
    own_server: RunningServer, sort_by: str
) -> None:
    caller = own_server.organization()
    numbers = [a_number() for _ in range(5)]
    for number in [numbers[3], numbers[0], numbers[4], numbers[2], numbers[1]]:
        caller.create(number, nickname="same")
    up = f"sort_by={sort_by}&sort_order=ascending&limit=2"
    pages = [caller.listed(f"{up}&page={page}") for page in range(3)]
    assert pages == [numbers[0:2], numbers[2:4], numbers[4:5]]
    down = f"sort_by={sort_by}&sort_order=descending&limit=2"
    pages = [caller.listed(f"{down}&page={page}") for page in range(3)]
    assert pages == [[numbers[4], numbers[3]], [numbers[2], numbers[1]], [numbers[0]]]


@pytest.mark.parametrize(
    ("page", "limit", "returned", "has_next", "has_previous"),
    [
        (0, 2, 2, True, False),
        (1, 2, 2, True, True),
        (2, 2, 1, False, True),
        (3, 2, 0, False, True),
        (2_147_483_647, 1000, 0, False, True),
        (0, 5, 5, False, False),
        (0, 1000, 5, False, False),
        (4, 1, 1, False, True),
    ],
)
def test_a_page_says_where_it_lies_and_one_past_the_end_is_empty(
    caller: Caller, page: int, limit: int, returned: int, *, has_next: bool, has_previous: bool
) -> None:
    for _ in range(5):
        caller.create(a_number())
    for asked in (by_body, by_query):
        data = asked(caller, page=page, limit=limit)
        assert data["returned_count"] == len(data["phone_numbers"]) == returned
        assert data["pagination"] == {
            "page": page,
            "limit": limit,
            "total_pages": -(-5 // limit),
            "total_count": 5,
            "has_next": has_next,
            "has_previous": has_previous,
        }


@pytest.mark.parametrize(
    ("nickname", "part", "matches"),
    [
        ("Customer Service Line", "service", True),
        ("Customer Service Line", "LINE", True),
        ("Customer Service Line", "Customer Service Line", True),
        ("Customer Service Line", "Service Customer", False),
        ("Customer Service Line", "  ", False),
        ("two  words", "  ", True),
        ("100% Sales", "100%", True),
        ("100 Sales", "100%", False),
        ("a_b", "a_b", True),
        ("axb", "a_b", False),
        ("a*b", "*", True),
        ("axb", "*", False),
        ("a?b", "a?b", True),
        ("axb", "a?b", False),
        ("back\\slash", "K\\S", True),
        ("backslash", "k\\s", False),
        ("%", "\\%", False),
        ("[a]", "[a]", True),
        ("a", "[a]", False),
        ("Straße", "STRASSE", True),
        ("STRASSE", "straße", True),
        ("ÄRGER", "ärg", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
        ("İstanbul", "i\u0307stanbul", True),
        ("é", "e", False),
        ("e\u0301", "\u00e9", False),
        ("Привет", "ПРИ", True),
        ("👩‍👩‍👧", "👩", True),
        ("O'Neil", "o'n", True),
        ('"quoted"', '"Q', True),
        ("\u202eelas", "\u202e", True),
    ],
)
def test_the_nickname_filter_finds_a_part_in_any_case_and_takes_every_character_literally(
    caller: Caller, nickname: str, part: str, *, matches: bool
) -> None:
    number, other = a_number(), a_number()
    caller.create(number, nickname=nickname)
    caller.create(other)
    expected = [number] if matches else []
    data = by_body(caller, filter_criteria={"nickname": part})
    assert (numbers_in(data), data["pagination"]["total_count"]) == (expected, len(expected))
    data = by_query(caller, nickname=part)
    assert numbers_in(data) == expected
    assert data["applied_filters"] == {"nickname": part}


def test_the_agent_filter_finds_inbound_and_outbound_bindings_each_number_once(
    caller: Caller,
) -> None:
    agent, other = a_name(), a_name()
    inbound, outbound, both, none, elsewhere = (a_number() for _ in range(5))
    caller.create(inbound, inbound_agent_id=agent)
    caller.create(outbound, outbound_agent_id=agent, inbound_agent_id=other)
    caller.create(both, inbound_agent_id=agent, outbound_agent_id=agent)
    caller.create(none)
    caller.create(elsewhere, inbound_agent_id=other)
    found = by_query(caller, agent_id=agent, sort_by="phone_number", sort_order="ascending")
    assert numbers_in(found) == [inbound, outbound, both]
    assert found["pagination"]["total_count"] == 3
    for missed in (agent[:-1], agent.upper(), f"{agent}%", "%"):
        assert numbers_in(by_query(caller, agent_id=missed)) == []


def test_the_area_code_filter_is_exact_and_finds_no_number_for_zero(caller: Caller) -> None:
    home, elsewhere = a_number(415), a_number(212)
    for number in (home, elsewhere, a_foreign_number()):
        caller.create(number)
    assert numbers_in(by_query(caller, area_code=415)) == [home]
    for code in (0, 41, 4150, 999, 2_147_483_647):
        data = by_query(caller, area_code=code)
        assert (numbers_in(data), data["applied_filters"]) == ([], {"area_code": code})
    assert numbers_in(by_query(caller, area_code="0415")) == [home]


def test_filters_are_joined_by_and(caller: Caller) -> None:
    agent = a_name()
    wanted = a_number(415)
    caller.create(wanted, nickname="West Sales", inbound_agent_id=agent)
    caller.create(a_number(415), nickname="West Sales")
    caller.create(a_number(212), nickname="West Sales", inbound_agent_id=agent)
    caller.create(a_number(415), nickname="East Sales", inbound_agent_id=agent)
    criteria: dict[str, object] = {"nickname": "west", "area_code": 415, "agent_id": agent}
    data = by_query(caller, **criteria)
    assert (numbers_in(data), data["applied_filters"]) == ([wanted], criteria)
    data = by_body(caller, filter_criteria=criteria)
    assert numbers_in(data) == [wanted]
    assert "applied_filters" not in data
    pairs = [("nickname", "area_code"), ("nickname", "agent_id"), ("area_code", "agent_id")]
    for pair in pairs:
        found = by_query(caller, **{field: criteria[field] for field in pair})
        assert found["pagination"]["total_count"] == 2


def test_a_cleared_or_changed_value_is_found_by_no_filter_any_more(caller: Caller) -> None:
    agent, number = a_name(), a_number()
    caller.create(number, nickname="Sales", inbound_agent_id=agent)
    caller.patch(number, nickname=None, inbound_agent_id=None)
    assert numbers_in(by_query(caller, nickname="sales")) == []
    assert numbers_in(by_query(caller, agent_id=agent)) == []
    caller.patch(number, nickname="Support")
    assert numbers_in(by_query(caller, nickname="UPP")) == [number]


def test_parameters_may_be_encoded_in_any_way_that_urls_know(caller: Caller) -> None:
    number = a_number()
    caller.create(number, nickname="West & East+")
    for query in (
        "nickname=West+%26+East%2B",
        "nickname=%57est%20%26%20East%2b",
        "%6Eickname=west",
        "&&nickname=east&",
    ):
        assert caller.listed(query) == [number]


def test_available_numbers_are_bound_to_no_agent_at_all_and_the_newest_comes_first(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    free = [a_number(), a_number(), a_foreign_number()]
    for number in free:
        caller.create(number, nickname="free", outbound_trunk_id="ST_1")
        clock.advance(ms=1)
    caller.create(a_number(), inbound_agent_id="agent_a")
    caller.create(a_number(), outbound_agent_id="agent_a")
    data = caller.request("GET", AVAILABLE).data
    assert list(data) == ["organization_id", "available_count", "phone_numbers"]
    assert data["available_count"] == 3
    assert numbers_in(data) == free[::-1]
    assert list(data["phone_numbers"][0]) == [
        "phone_number",
        "nickname",
        "area_code",
        "phone_number_type",
        "number_provider",
        "inbound_agent_id",
        "outbound_agent_id",
        "created_at",
    ]
    caller.patch(free[1], inbound_agent_id="agent_a")
    assert numbers_in(caller.request("GET", AVAILABLE).data) == [free[2], free[0]]
    caller.patch(free[1], inbound_agent_id=None)
    assert numbers_in(caller.request("GET", AVAILABLE).data) == free[::-1]


def test_another_organization_s_numbers_are_in_no_list(
    server: RunningServer, caller: Caller
) -> None:
    agent = a_name()
    theirs = server.organization()
    theirs.create(a_number(), nickname="Sales", inbound_agent_id=agent)
    theirs.create(a_number(), nickname="Sales")
    mine = a_number()
    caller.create(mine, nickname="Sales", inbound_agent_id=agent)
    for asked in ({}, {"nickname": "sales"}, {"area_code": 415}, {"agent_id": agent}):
        data = by_query(caller, **asked)
        assert (numbers_in(data), data["pagination"]["total_count"]) == ([mine], 1)
    assert caller.request("GET", AVAILABLE).data["available_count"] == 0


def test_a_total_is_exact_after_creations_deletions_and_refusals(caller: Caller) -> None:
    numbers = [a_number() for _ in range(6)]
    for number in numbers:
        caller.create(number)
        assert caller.request("POST", f"{NUMBERS}/create", {"phone_number": number}).status == 409
    for number in numbers[:4]:
        caller.delete(number)
        assert caller.delete(number).status == 404
    caller.create(numbers[0])
    assert by_body(caller)["pagination"]["total_count"] == 3
    assert by_query(caller, area_code=415)["pagination"]["total_count"] == 3
