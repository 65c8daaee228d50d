"""Each code that an agents' route documents can be provoked, and it is the documented one."""

import json
from typing import Any, NamedTuple

import pytest

from cordboard.edge.api import agent_docs as docs
from cordboard.edge.api.documented import Operation
from tests.support.agent_caller import AGENTS, CREATE, agent_path, create_agent
from tests.support.builders import a_number
from tests.support.caller import Answer, Caller

NOT_A_CLIENT_S = {"write.indeterminate", "storage.full"}
"""What only a failing database answers; its own tests provoke that."""

MISSING = "agent_missing"
NAMED = {"agent_name": "Desk"}


class Route(NamedTuple):
    """A route, and a request of it that works."""

    operation: Operation
    method: str
    path: str
    body: dict[str, Any] | None = None


ONE = f"{AGENTS}/AGENT"
ROUTES = {
    "create": Route(docs.CREATE, "POST", CREATE, NAMED),
    "list": Route(docs.LIST, "GET", AGENTS),
    "list by post": Route(docs.LIST_BY_POST, "POST", AGENTS, {}),
    "get": Route(docs.GET, "GET", ONE),
    "get full": Route(docs.GET_FULL, "GET", f"{ONE}/full"),
    "update": Route(docs.UPDATE, "PATCH", ONE, {}),
    "delete": Route(docs.DELETE, "DELETE", ONE),
    "duplicate": Route(docs.DUPLICATE, "POST", f"{ONE}/duplicate", NAMED),
    "publish": Route(docs.PUBLISH, "POST", f"{ONE}/publish", {}),
    "versions": Route(docs.VERSIONS, "GET", f"{ONE}/versions"),
    "version": Route(docs.VERSION, "GET", f"{ONE}/versions/1"),
}
CASES = [
    (name, code)
    for name, route in ROUTES.items()
    for code in route.operation.codes
    if code not in NOT_A_CLIENT_S
]

QUERIES = {
    "validation.unknown_field": "nope=1",
    "validation.characters": "%FF=1",
    "validation.range": "limit=0",
}
QUERIES_OF = {
    "list": {"validation.type": "page=x", "validation.choice": "sort_by=x"},
    "delete": {"validation.type": "force=true&force=true", "validation.choice": "force=x"},
    "publish": {"validation.characters": "%FF=1"},
}
FIELDS: dict[str, dict[str, Any]] = {
    "validation.unknown_field": {"nope": 1},
    "validation.type": {"agent_name": 1},
    "validation.length": {"agent_name": ""},
    "validation.characters": {"agent_name": "\0"},
    "validation.choice": {"livekit_agent_name": "cordboard-nobody"},
    "validation.range": {"max_call_duration_ms": -1},
    "validation.immutable": {"agent_id": "x"},
}
FIELDS_OF_LISTS: dict[str, dict[str, Any]] = {
    "validation.unknown_field": {"nope": 1},
    "validation.type": {"page": "0"},
    "validation.length": {"filter_criteria": {"agent_name": [""]}},
    "validation.characters": {"filter_criteria": {"agent_name": ["\0"]}},
    "validation.choice": {"sort_by": "x"},
    "validation.range": {"limit": 0},
}
BODIES: dict[str, bytes | dict[str, Any]] = {
    "validation.json": b"{",
    "validation.required": {},
    "request.too_large": b" " * 1_048_577,
}
HEADERS: dict[str, dict[str, str | bytes | None]] = {
    "request.media_type": {"Content-Type": "text/plain"},
    "validation.idempotency_key": {"Idempotency-Key": ""},
    "idempotency.mismatch": {"Idempotency-Key": "k"},
}


def spoilt_target(name: str, code: str, agent_id: str) -> str:
    """Return path and query of a request that is to be refused with a code."""
    route = ROUTES[name]
    path = route.path.replace("AGENT", MISSING if code == "agent.not_found" else agent_id)
    if code == "agent_version.not_found":
        return f"{path}000"
    queries = QUERIES_OF.get(name, {}) | (QUERIES if route.body is None else {})
    query = queries.get(code)
    return path if query is None else f"{path}?{query}"


def spoilt_body(name: str, code: str) -> bytes | list[Any] | dict[str, Any] | None:
    """Return the body of a request that is to be refused with a code."""
    body = ROUTES[name].body
    if body is None:
        return None
    if name == "publish" and code == "validation.type":
        return []
    if code in BODIES:
        return BODIES[code]
    fields = FIELDS_OF_LISTS if name == "list by post" else FIELDS
    spoils = name != "publish" or code == "validation.unknown_field"
    return {**body, **fields.get(code, {})} if spoils else body


def provoked(caller: Caller, name: str, code: str) -> Answer:
    """Send the request of a route that is to be refused with a code."""
    route = ROUTES[name]
    agent_id = create_agent(caller)["agent_id"]
    if code == "agent.in_use":
        caller.create(a_number(), inbound_agent_id=agent_id)
    target = spoilt_target(name, code, agent_id)
    if code == "idempotency.mismatch":
        caller.request(route.method, target, json.dumps(route.body).encode() + b" ", HEADERS[code])
    return caller.request(route.method, target, spoilt_body(name, code), HEADERS.get(code))


@pytest.mark.parametrize(("name", "code"), CASES)
def test_a_documented_code_can_be_provoked(caller: Caller, name: str, code: str) -> None:
    assert provoked(caller, name, code).refusal[1] == code


@pytest.mark.parametrize("name", ROUTES)
def test_a_documented_route_answers_its_message(caller: Caller, name: str) -> None:
    route = ROUTES[name]
    agent_id = create_agent(caller)["agent_id"]
    path = route.path.replace("AGENT", agent_id)
    answer = caller.request(route.method, path, route.operation.example or route.body)
    assert (answer.status, answer.json["message"]) == (200, route.operation.message)


@pytest.mark.parametrize("name", ["get", "get full", "versions", "version"])
def test_a_route_without_parameters_takes_none(caller: Caller, name: str) -> None:
    agent_id = create_agent(caller)["agent_id"]
    path = ROUTES[name].path.replace("AGENT", agent_id)
    text = "page: is not a parameter of this request, which takes none"
    answer = caller.request("GET", f"{path}?page=1")
    assert answer.refusal == (400, "validation.unknown_field", text)


def test_the_example_of_create_is_kept_as_it_is_documented(caller: Caller) -> None:
    example = docs.CREATE.example
    assert example is not None
    agent_id = caller.request("POST", CREATE, example).data["agent_id"]
    assert caller.request("GET", agent_path(agent_id)).data.items() >= example.items()
