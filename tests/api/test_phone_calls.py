"""Asking for a call over HTTP: who may, what is refused, and in which order."""

from typing import Any

import pytest

from tests.support.agent_caller import create_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import Answer, Caller
from tests.support.server import RunningServer

CREATE = "/api/calls/create-phone-call"
CALLEE = "+12125550123"
READY = {"outbound_agent_id": "desk", "outbound_trunk_id": "ST_outbound"}


def asked(caller: Caller, number: str, **fields: Any) -> Answer:  # noqa: ANN401 - as the field is
    body = {"from_number": number, "to_number": CALLEE, **fields}
    return caller.request("POST", CREATE, body)


def a_ready_number(caller: Caller, **fields: Any) -> str:  # noqa: ANN401 - as the field is
    number = a_number()
    caller.create(number, **{**READY, **fields})
    return number


def test_a_server_without_a_livekit_says_so_and_records_nothing(
    server: RunningServer, caller: Caller
) -> None:
    status, code, error = asked(caller, a_ready_number(caller)).refusal
    assert (status, code) == (409, "call.no_livekit")
    assert "CORDBOARD_LIVEKIT_URL" in error
    assert caller.request("GET", "/api/calls").data["calls"] == []


def test_a_number_of_nobody_or_of_another_organization_cannot_call(
    server: RunningServer, caller: Caller
) -> None:
    theirs = a_ready_number(server.organization())
    for number in (a_number(), theirs):
        status, code, error = asked(caller, number).refusal
        assert (status, code) == (404, "phone_number.not_found")
        assert caller.organization_id in error


def test_a_number_without_agent_or_trunk_says_what_to_set(caller: Caller) -> None:
    without_agent = a_ready_number(caller, outbound_agent_id=None)
    status, code, error = asked(caller, without_agent).refusal
    assert (status, code) == (409, "phone_number.no_outbound_agent")
    assert "outbound_agent_id" in error
    assert asked(caller, without_agent, override_agent_id="other").refusal[1] == "call.no_livekit"
    without_trunk = a_ready_number(caller, outbound_trunk_id=None)
    status, code, error = asked(caller, without_trunk).refusal
    assert (status, code) == (409, "phone_number.no_outbound_trunk")
    assert "outbound_trunk_id" in error


def test_an_agent_that_is_named_must_be_to_be_had(server: RunningServer, caller: Caller) -> None:
    number = a_ready_number(caller)
    theirs = create_agent(server.organization())["agent_id"]
    own = create_agent(caller)["agent_id"]
    assert asked(caller, number, override_agent_id=theirs).refusal[:2] == (404, "agent.not_found")
    refusal = asked(caller, number, override_agent_id=own, override_agent_version=2).refusal
    assert refusal[:2] == (404, "agent_version.not_found")
    answer = asked(caller, number, override_agent_id=own, override_agent_version=1)
    assert answer.refusal[1] == "call.no_livekit"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("from_number", "4157774444", "phone_number"),
        ("to_number", "911", "phone_number"),
        ("to_number", None, "type"),
        ("override_agent_id", "", "length"),
        ("override_agent_id", "cordboard-nobody", "choice"),
        ("override_agent_version", 0, "range"),
        ("scheduled_timestamp", 1_705_314_600, "range"),
        ("metadata", {"x": "y" * 40_000}, "length"),
        ("metadata", [], "type"),
        ("metadata", {"x": ["\0"]}, "characters"),
        ("metadata", {"\0": 1}, "characters"),
        ("metadata", {"x": "\ud800"}, "characters"),
        ("agent_id", "desk", "unknown_field"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named_before_anything_is_looked_up(
    sqlite_server: RunningServer, field: str, value: object, rule: str
) -> None:
    answer = asked(sqlite_server.organization(), a_number(), **{field: value})
    status, code, error = answer.refusal
    assert (status, code) == (400, f"validation.{rule}")
    assert error.startswith(field)


def test_a_number_is_not_called_by_itself_now_or_later(caller: Caller) -> None:
    number = a_ready_number(caller)
    for fields in ({}, {"scheduled_timestamp": 2_000_000_000}):
        refusal = asked(caller, number, to_number=number, **fields).refusal
        assert refusal[:2] == (400, "validation.choice")
        assert refusal[2] == "to_number: must not be from_number, which would call itself"
    assert caller.request("GET", "/api/calls").data["calls"] == []


def test_a_pair_that_may_only_read_calls_cannot_make_any(
    server: RunningServer, caller: Caller
) -> None:
    reader = server.key_pair(caller, "calls:read")
    assert asked(reader, a_ready_number(caller)).refusal[:2] == (403, "auth.scope")


def test_a_destination_that_is_guarded_is_refused_before_what_is_missing(caller: Caller) -> None:
    answer = asked(caller, a_ready_number(caller), to_number="+18765550123")
    assert answer.refusal[:2] == (403, "call.destination_refused")


def test_a_refused_request_can_be_corrected_under_its_key(caller: Caller) -> None:
    key = {"Idempotency-Key": a_name()}
    for body in ({"from_number": a_number(), "to_number": CALLEE}, {"from_number": a_number()}):
        assert caller.request("POST", CREATE, body, {**key}).status in {400, 404}
