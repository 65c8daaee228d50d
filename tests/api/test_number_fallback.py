"""The fallback agent of a number: an extension that nobody sees who does not use it."""

from typing import Any

import pytest

from cordboard.numbers.model import NumberRules
from tests.support.agent_caller import agent_path, create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import AVAILABLE, CREATE, LIST, Caller, path_of
from tests.support.server import RunningServer

FALLBACK = {"fallback_agent_id": "night", "fallback_agent_version": 3}


def own_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in data.items() if field.startswith("fallback")}


def item_of(caller: Caller, number: str) -> dict[str, Any]:
    items = caller.request("POST", LIST, {}).data["phone_numbers"]
    return next(dict(item) for item in items if item["phone_number"] == number)


def test_a_number_without_a_fallback_is_answered_as_the_published_api_has_it(
    caller: Caller,
) -> None:
    number = a_number()
    nulls = {"fallback_agent_id": None, "fallback_agent_version": None}
    answers = [
        caller.create(number, inbound_agent_id="desk", **nulls),
        caller.patch(number, nickname="Sales"),
        caller.show(number),
        item_of(caller, number),
    ]
    assert [own_fields(answer) for answer in answers] == [{}, {}, {}, {}]
    assert not any("fallback" in str(entry["changes"]) for entry in caller.history(number))


def test_a_fallback_is_shown_with_its_version_wherever_the_number_is(caller: Caller) -> None:
    number = a_number()
    answers = [
        caller.create(number, inbound_agent_id="desk", **FALLBACK),
        caller.patch(number, nickname="Sales"),
        caller.show(number),
        item_of(caller, number),
    ]
    assert [own_fields(answer) for answer in answers] == [FALLBACK] * 4


def test_a_fallback_has_version_1_unless_another_is_named(caller: Caller) -> None:
    created = caller.create(a_number(), fallback_agent_id="night")
    assert own_fields(created) == {"fallback_agent_id": "night", "fallback_agent_version": 1}


def test_a_cleared_fallback_is_left_out_again_and_its_past_is_told(caller: Caller) -> None:
    number = a_number()
    caller.create(number, **FALLBACK)
    cleared = caller.patch(number, fallback_agent_id=None, fallback_agent_version=1)
    assert own_fields(cleared) == own_fields(caller.show(number)) == {}
    caller.delete(number)
    deleted, updated, created = caller.history(number)
    assert own_fields(created["changes"]) == {
        "fallback_agent_id": {"from": None, "to": "night"},
        "fallback_agent_version": {"from": None, "to": 3},
    }
    assert updated["changes"] == {
        "fallback_agent_id": {"from": "night", "to": None},
        "fallback_agent_version": {"from": 3, "to": 1},
    }
    assert own_fields(deleted["changes"]) == {}


def test_the_history_of_a_deletion_tells_the_fallback_that_went(caller: Caller) -> None:
    number = a_number()
    caller.create(number, **FALLBACK)
    caller.delete(number)
    assert own_fields(caller.history(number)[0]["changes"]) == {
        "fallback_agent_id": {"from": "night", "to": None},
        "fallback_agent_version": {"from": 3, "to": None},
    }


def test_the_same_fallback_again_changes_nothing(caller: Caller) -> None:
    number = a_number()
    caller.create(number, **FALLBACK)
    before = caller.request("GET", path_of(number))
    answer = caller.request("PATCH", path_of(number), FALLBACK)
    assert answer.headers["etag"] == before.headers["etag"]
    assert caller.request("GET", path_of(number)).body == before.body


def test_a_fallback_must_be_to_be_had(server: RunningServer, caller: Caller) -> None:
    own = create_agent(caller)["agent_id"]
    theirs = create_agent(server.organization())["agent_id"]
    gone = create_agent(caller)["agent_id"]
    caller.request("DELETE", agent_path(gone))
    number = a_number()
    caller.create(number)
    for body, code in (
        ({"fallback_agent_id": theirs}, "agent.not_found"),
        ({"fallback_agent_id": gone}, "agent.not_found"),
        ({"fallback_agent_id": own, "fallback_agent_version": 2}, "agent_version.not_found"),
    ):
        created = caller.request("POST", CREATE, {"phone_number": a_number(), **body})
        changed = caller.request("PATCH", path_of(number), body)
        assert created.refusal[:2] == changed.refusal[:2] == (404, code)
    assert caller.patch(number, fallback_agent_id=own)["fallback_agent_id"] == own


def test_three_agents_of_one_number_are_each_looked_up(caller: Caller) -> None:
    agents = [create_agent(caller)["agent_id"] for _ in range(3)]
    fields = ("inbound_agent_id", "outbound_agent_id", "fallback_agent_id")
    caller.create(a_number(), **dict(zip(fields, agents, strict=True)))
    for field in fields:
        version = field.replace("_id", "_version")
        body = {"phone_number": a_number(), **dict(zip(fields, agents, strict=True)), version: 2}
        assert caller.request("POST", CREATE, body).refusal[1] == "agent_version.not_found"


def test_a_fallback_keeps_its_agent_from_being_deleted_and_force_unbinds_it(
    caller: Caller,
) -> None:
    agent_id, number = create_agent(caller)["agent_id"], a_number()
    caller.create(number, inbound_agent_id="desk", fallback_agent_id=agent_id)
    refused = caller.request("DELETE", agent_path(agent_id))
    assert refused.refusal[:2] == (409, "agent.in_use")
    assert "bound to 1 phone number;" in refused.refusal[2]
    assert caller.request("DELETE", agent_path(agent_id, "?force=true")).status == 200
    shown = caller.show(number)
    assert (own_fields(shown), shown["inbound_agent_id"], shown["revision"]) == ({}, "desk", 2)
    assert caller.history(number)[0]["changes"] == {
        "fallback_agent_id": {"from": agent_id, "to": None}
    }


def test_a_list_by_agent_holds_those_that_it_answers_and_dials_from_only(caller: Caller) -> None:
    agent, answered = a_name(), a_number()
    caller.create(answered, inbound_agent_id=agent)
    caller.create(a_number(), inbound_agent_id="desk", fallback_agent_id=agent)
    assert caller.listed(f"agent_id={agent}") == [answered]


def test_a_number_with_a_fallback_alone_is_available(caller: Caller) -> None:
    number = a_number()
    caller.create(number, fallback_agent_id="night")
    found = caller.request("GET", AVAILABLE).data["phone_numbers"]
    assert [each["phone_number"] for each in found] == [number]


@pytest.mark.parametrize("inbound", ["desk", None])
def test_the_explanation_names_the_fallback_after_the_agent(
    caller: Caller, inbound: str | None
) -> None:
    number = a_number()
    night = create_agent(caller, livekit_agent_name="night", livekit_deployment="blue")
    caller.create(number, inbound_agent_id=inbound, fallback_agent_id=night["agent_id"])
    data = caller.request("POST", "/api/route/explain", {"to": number}).data
    steps = {step["step"]: step for step in data["trace"]}
    if inbound is None:
        assert (data["reason"], data["targets"]) == ("unbound_number", [])
        return
    assert [target["agent_id"] for target in data["targets"]] == ["desk", night["agent_id"]]
    assert data["targets"][1] == {
        "agent_id": night["agent_id"],
        "agent_version": 1,
        "livekit_agent_name": "night",
        "livekit_deployment": "blue",
    }
    assert steps["fallback"]["result"] == "chosen"
    assert "if it fails" in steps["fallback"]["detail"]


def test_where_agents_must_be_registered_so_must_the_fallback(database_url: str) -> None:
    rules = NumberRules(requires_registered_agents=True)
    with RunningServer(database_url, rules=rules) as strict:
        caller = strict.organization()
        body = {"phone_number": a_number(), "fallback_agent_id": "night"}
        assert caller.request("POST", CREATE, body).refusal[:2] == (404, "agent.not_found")
        body["fallback_agent_id"] = create_agent(caller)["agent_id"]
        assert caller.request("POST", CREATE, body).status == 200
