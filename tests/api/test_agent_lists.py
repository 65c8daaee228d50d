"""Lists of agents over HTTP, asked for by GET and by POST."""

import pytest

from tests.support.agent_caller import AGENTS, change_agent, create_agent, listed_agents
from tests.support.caller import Caller
from tests.support.clock import SettableClock
from tests.support.server import RunningServer


def test_a_list_answers_as_published(own_server: RunningServer) -> None:
    caller = own_server.organization()
    agent_id = create_agent(caller, agent_name="Front desk", language="en")["agent_id"]
    answer = caller.request("GET", AGENTS)
    at = "2024-01-15T10:30:00Z"
    assert answer.json == {
        "message": "Agents retrieved successfully",
        "status": "success",
        "error": None,
        "data": {
            "organization_id": caller.organization_id,
            "agents": [
                {
                    "agent_id": agent_id,
                    "agent_name": "Front desk",
                    "language": "en",
                    "created_at": at,
                    "updated_at": at,
                }
            ],
            "returned_count": 1,
            "pagination": {
                "page": 0,
                "limit": 20,
                "total_count": 1,
                "total_pages": 1,
                "has_next_page": False,
                "has_previous_page": False,
            },
            "sort_order": "descending",
            "sort_by": "updated_at",
        },
    }
    assert caller.request("POST", AGENTS).body == answer.body
    assert caller.request("POST", AGENTS, {"filter_criteria": None}).body == answer.body


def test_the_last_changed_agent_comes_first(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    agents = {}
    for name in ("b", "c", "a"):
        clock.advance(seconds=1)
        agents[name] = create_agent(caller, agent_name=name)["agent_id"]
    clock.advance(seconds=1)
    change_agent(caller, agents["b"], first_message="Hi")
    assert listed_agents(caller) == ["b", "a", "c"]
    assert listed_agents(caller, sort_by="created_at") == ["a", "c", "b"]
    assert listed_agents(caller, sort_by="agent_name") == ["c", "b", "a"]
    assert listed_agents(caller, sort_by="agent_name", sort_order="ascending") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("page", "names", "position"),
    [
        (0, ["a", "b"], {"has_next_page": True, "has_previous_page": False}),
        (1, ["c"], {"has_next_page": False, "has_previous_page": True}),
        (2, [], {"has_next_page": False, "has_previous_page": True}),
        (2_147_483_647, [], {"has_next_page": False, "has_previous_page": True}),
    ],
)
def test_a_page_says_where_it_lies(
    caller: Caller, page: int, names: list[str], position: dict[str, bool]
) -> None:
    for name in ("b", "c", "a"):
        create_agent(caller, agent_name=name)
    query = f"?page={page}&limit=2&sort_by=agent_name&sort_order=ascending"
    data = caller.request("GET", AGENTS + query).data
    assert [agent["agent_name"] for agent in data["agents"]] == names
    assert data["returned_count"] == len(names)
    assert data["pagination"] == {
        "page": page,
        "limit": 2,
        "total_count": 3,
        "total_pages": 2,
        **position,
    }


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (["DESK"], ["Front Desk", "Help desk"]),
        (["front", "sales"], ["Front Desk", "SALES 100%"]),
        (["%"], ["SALES 100%"]),
        (["STRASSE"], ["Straße"]),
        (["_"], []),
        ([], ["Front Desk", "Help desk", "SALES 100%", "Straße"]),
        (None, ["Front Desk", "Help desk", "SALES 100%", "Straße"]),
    ],
)
def test_a_name_is_found_by_any_of_its_parts_in_any_case(
    caller: Caller, parts: list[str] | None, names: list[str]
) -> None:
    for name in ("Front Desk", "Help desk", "SALES 100%", "Straße"):
        create_agent(caller, agent_name=name)
    asked = {"filter_criteria": {"agent_name": parts}, "sort_by": "agent_name"}
    assert listed_agents(caller, **asked, sort_order="ascending") == names


def test_the_total_counts_what_the_filter_matches(caller: Caller) -> None:
    for name in ("desk 1", "desk 2", "other"):
        create_agent(caller, agent_name=name)
    asked = {"limit": 1, "filter_criteria": {"agent_name": ["desk"]}}
    pagination = caller.request("POST", AGENTS, asked).data["pagination"]
    assert (pagination["total_count"], pagination["total_pages"]) == (2, 2)
