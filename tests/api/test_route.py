"""Who would answer, explained over HTTP: one's own numbers only."""

from typing import Any

import pytest

from tests.support.agent_caller import create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import Answer, Caller
from tests.support.clock import SettableClock
from tests.support.described import untrue
from tests.support.server import RunningServer

EXPLAIN = "/api/route/explain"


def explained(caller: Caller, to: str, **fields: object) -> Any:  # noqa: ANN401 - JSON as it came
    return caller.request("POST", EXPLAIN, {"to": to, **fields}).data


def without_trace_of(answer: Answer, number: str) -> bytes:
    body = answer.body.replace(answer.headers.get("x-request-id", "-").encode(), b"")
    return body.replace(number.encode(), b"NUMBER").replace(number[1:].encode(), b"DIGITS")


def test_a_bound_number_is_answered_by_its_agent_in_its_version(caller: Caller) -> None:
    agent = create_agent(caller, livekit_deployment="blue")
    number = a_number()
    caller.create(number, inbound_agent_id=agent["agent_id"])
    data = explained(caller, number[1:], **{"from": "+12125550100"})
    assert data["outcome"] == "accepted"
    assert data["phone_number"] == number
    assert data["targets"] == [
        {
            "agent_id": agent["agent_id"],
            "agent_version": 1,
            "livekit_agent_name": agent["agent_id"],
            "livekit_deployment": "blue",
        }
    ]
    assert [step["step"] for step in data["trace"]][:2] == ["dialled", "number"]
    assert data["trace"][1]["detail"] == f"{number} is registered, plus added"


def test_an_agent_that_only_livekit_knows_is_said_to_be_one(caller: Caller) -> None:
    number, name = a_number(), a_name("worker")
    caller.create(number, inbound_agent_id=name)
    data = explained(caller, number)
    assert data["targets"][0]["livekit_agent_name"] == name
    assert any("only LiveKit knows" in step["detail"] for step in data["trace"])


def test_an_unbound_number_is_refused(caller: Caller) -> None:
    number = a_number()
    caller.create(number)
    data = explained(caller, number)
    assert (data["outcome"], data["reason"]) == ("refused", "unbound_number")
    assert (data["phone_number"], data["targets"]) == (number, [])


def test_a_changed_binding_is_explained_at_once(caller: Caller) -> None:
    number = a_number()
    caller.create(number, inbound_agent_id="agent_a")
    caller.patch(number, inbound_agent_id="agent_b", inbound_agent_version=2)
    target = explained(caller, number)["targets"][0]
    assert (target["agent_id"], target["agent_version"]) == ("agent_b", 2)
    caller.delete(number)
    assert explained(caller, number)["reason"] == "unknown_number"


def test_anothers_number_looks_exactly_like_an_unknown_one(
    server: RunningServer, caller: Caller
) -> None:
    theirs, nobodys = a_number(), a_number()
    server.organization().create(theirs, inbound_agent_id="agent_a")
    at = {"at": "2024-01-15T10:30:00Z"}
    told = [
        without_trace_of(caller.request("POST", EXPLAIN, {"to": number, **at}), number)
        for number in (theirs, nobodys)
    ]
    assert told[0] == told[1]


def test_anothers_likelier_meaning_is_not_told(server: RunningServer, caller: Caller) -> None:
    # Ten digits can be another country's number too: here somebody else has that one.
    ours = a_number(493)
    server.organization().create(f"+{ours[2:]}")
    caller.create(ours, inbound_agent_id="agent_a")
    data = explained(caller, ours[2:])
    assert data["phone_number"] == ours
    assert "passed over" not in data["trace"][1]["detail"]


def test_the_call_is_answered_as_it_was_asked(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    data = explained(caller, "sales", **{"from": "anonymous"})
    assert (data["to"], data["from"], data["at"]) == ("sales", "anonymous", "2024-01-15T10:30:00Z")
    clock.advance(hours=1)
    assert explained(caller, "sales")["at"] == "2024-01-15T11:30:00Z"
    asked = {"at": "2023-12-24T18:00:00+00:00"}
    assert explained(caller, "sales", **asked)["at"] == "2023-12-24T18:00:00Z"


@pytest.mark.parametrize(
    ("body", "code", "begins"),
    [
        ({}, "validation.required", "to: "),
        ({"to": ""}, "validation.length", "to: "),
        ({"to": "x" * 257}, "validation.length", "to: "),
        ({"to": "a\0b"}, "validation.characters", "to: "),
        ({"to": "a", "from": ""}, "validation.length", "from: "),
        ({"to": "a", "from": "\0"}, "validation.characters", "from: "),
        ({"to": 1}, "validation.type", "to: "),
        ({"to": "a", "at": "yesterday"}, "validation.characters", "at: "),
        ({"to": "a", "at": "2024-13-15T10:30:00Z"}, "validation.characters", "at: "),
        ({"to": "a", "at": "2024-01-15T10:30:00+01:00"}, "validation.characters", "at: "),
        ({"to": "a", "colour": "red"}, "validation.unknown_field", "colour: "),
    ],
)
def test_a_bad_question_is_refused_by_field(
    sqlite_server: RunningServer, body: object, code: str, begins: str
) -> None:
    caller = sqlite_server.organization()
    answer = caller.request("POST", EXPLAIN, body)
    assert answer.refusal[:2] == (400, code)
    assert answer.refusal[2].startswith(begins)
    assert untrue("POST", EXPLAIN, answer) is None


def test_explaining_needs_the_scope_to_read_numbers(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    number = a_number()
    caller.create(number)
    reader = sqlite_server.key_pair(caller, "numbers:read")
    assert reader.request("POST", EXPLAIN, {"to": number}).status == 200
    other = sqlite_server.key_pair(caller, "agents:read", "calls:read")
    assert other.request("POST", EXPLAIN, {"to": number}).refusal[:2] == (403, "auth.scope")


def test_the_answer_is_the_described_one(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    number = a_number()
    caller.create(number, inbound_agent_id="agent_a")
    for to in (number, "sales"):
        answer = caller.request("POST", EXPLAIN, {"to": to})
        assert untrue("POST", EXPLAIN, answer) is None
