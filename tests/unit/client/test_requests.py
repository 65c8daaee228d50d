from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cordboard.edge.client import agents, api_keys, calls, guards, livekit, numbers
from cordboard.edge.client.request import (
    Answer,
    InvalidServerError,
    Request,
    Server,
    new_idempotency_key,
    path_to,
)
from cordboard.edge.client.route import ExplainRoute, explain_route
from cordboard.operator.livekit import CLUSTER
from cordboard.routing.model import call_id

A_NUMBER = "+14157774444"

WITH_KEY: list[Callable[[], Request[Any]]] = [
    lambda: numbers.create_number(numbers.NewNumber(A_NUMBER)),
    lambda: agents.create_agent("a", {}),
    lambda: agents.duplicate_agent("agent_x", "b"),
    lambda: agents.publish_agent("agent_x"),
    lambda: calls.create_phone_call(calls.NewCall(A_NUMBER, A_NUMBER)),
]
WITHOUT_KEY: list[Request[Any]] = [
    numbers.update_number(A_NUMBER, numbers.NumberChanges(nickname=None)),
    numbers.delete_number(A_NUMBER),
    agents.update_agent("agent_x", {}),
    agents.delete_agent("agent_x"),
    agents.probe_agent("agent_x"),
    guards.update_guards("org_1", guards.GuardChanges(is_stopped=True)),
    api_keys.create_api_key("org_1", api_keys.NewAPIKey()),
    api_keys.rotate_api_key("org_1", "apikey_1", api_keys.Rotation()),
    api_keys.revoke_api_key("org_1", "apikey_1"),
    calls.update_call("call_x", {}),
    calls.end_call("call_x"),
    calls.reschedule_call("call_x", 2_000_000_000),
    calls.cancel_call("call_x"),
    calls.delete_call("call_x"),
]
READS: list[Request[Any]] = [
    numbers.list_numbers(numbers.NumberQuery()),
    numbers.list_available_numbers(),
    numbers.get_number(A_NUMBER),
    numbers.list_history(A_NUMBER),
    agents.list_agents(agents.AgentQuery()),
    agents.get_agent("agent_x"),
    agents.list_versions("agent_x"),
    agents.get_version("agent_x", 1),
    api_keys.list_api_keys("org_1"),
    calls.list_calls(calls.CallQuery()),
    calls.list_unmatched_calls(),
    calls.get_call("call_x"),
    calls.get_call_context("call_x"),
    explain_route(ExplainRoute("100")),
    livekit.show_drift(),
    guards.show_guards("org_1"),
]


@pytest.mark.parametrize("make", WITH_KEY)
def test_a_post_that_makes_something_may_be_repeated_under_a_key_of_its_own(
    make: Callable[[], Request[Any]],
) -> None:
    one, other = make(), make()
    assert one.method == "POST"
    assert one.is_write
    assert one.is_repeatable
    assert one.idempotency_key != other.idempotency_key


@pytest.mark.parametrize("request_", WITHOUT_KEY)
def test_a_write_without_a_key_is_never_repeated(request_: Request[Any]) -> None:
    assert request_.is_write
    assert not request_.is_repeatable


@pytest.mark.parametrize("request_", READS)
def test_what_only_reads_may_be_repeated(request_: Request[Any]) -> None:
    assert not request_.is_write
    assert request_.is_repeatable
    assert request_.idempotency_key is None


def test_a_key_can_be_chosen() -> None:
    new = numbers.NewNumber(A_NUMBER)
    assert numbers.create_number(new, "mine").idempotency_key == "mine"


def test_a_change_of_nothing_is_an_empty_object() -> None:
    assert msgspec.json.encode(numbers.NumberChanges()) == b"{}"
    assert msgspec.json.encode(guards.GuardChanges()) == b"{}"


def test_an_agent_is_unbound_only_when_that_is_asked_for() -> None:
    assert agents.delete_agent("agent_x").query == {}
    assert agents.delete_agent("agent_x", unbinds=True).query == {"force": "true"}


@pytest.mark.parametrize("sip_call_id", ["SCL_x7Yb", "0", "ü/ 1"])
def test_a_call_id_is_computed_as_the_server_computes_it(sip_call_id: str) -> None:
    assert calls.call_id_of(sip_call_id) == call_id(CLUSTER, sip_call_id)


def test_a_list_of_calls_asks_for_what_is_given_and_nothing_else() -> None:
    assert calls.list_calls(calls.CallQuery()).body == {"page": 0}
    query = calls.CallQuery(statuses=("ENDED",), agent_ids=("agent_x",), shortest_ms=0)
    assert calls.list_calls(query).body["filter_criteria"] == {
        "call_status": ("ENDED",),
        "agent_id": ("agent_x",),
        "duration_ms": {"lower_threshold": 0},
    }


@pytest.mark.parametrize(
    ("segment", "path"),
    [
        ("+14157774444", "/api/phone-numbers/%2B14157774444"),
        ("a/b", "/api/phone-numbers/a%2Fb"),
        ("a?b#c d", "/api/phone-numbers/a%3Fb%23c%20d"),
        ("ü", "/api/phone-numbers/%C3%BC"),
    ],
)
def test_an_id_cannot_leave_its_place_in_the_path(segment: str, path: str) -> None:
    assert path_to("phone-numbers", segment) == path


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_an_id_that_means_another_path_is_refused(segment: str) -> None:
    with pytest.raises(ValueError, match="the id of nothing"):
        path_to("phone-numbers", segment)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://localhost",
        "http://",
        "http://:8080",
        "http://localhost:x",
        "http://localhost:99999",
        "http://[::1",
        "http://localhost/\n",
        "http://me@localhost",
        "http://localhost?a=b",
        "http://localhost#a",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidServerError):
        Server(url, "sk_a", "s3cr3t_a")


@pytest.mark.parametrize("half", ["", "a b", "a\nb", "ä"])
def test_half_a_key_pair_that_no_header_can_hold_is_refused(half: str) -> None:
    with pytest.raises(InvalidServerError, match="API key"):
        Server("http://localhost", half, "s3cr3t_a")
    with pytest.raises(InvalidServerError, match="API secret"):
        Server("http://localhost", "sk_a", half)


def test_no_secret_is_in_what_a_log_or_traceback_would_show() -> None:
    issued = api_keys.IssuedAPIKey(
        api_key_id="apikey_1",
        api_key="sk_a",
        organization_id="org_1",
        name=None,
        scopes=[],
        status="ACTIVE",
        created_at="2024-01-15T10:30:00Z",
        expires_at=None,
        api_secret="s3cr3t_hidden",
    )
    answer = Answer(issued, b'{"api_secret":"s3cr3t_hidden"}', "API key generated", is_write=True)
    server = Server("http://localhost", "sk_a", "s3cr3t_hidden")
    assert "s3cr3t_hidden" not in f"{issued} {issued!r} {answer} {answer!r} {server} {server!r}"


def test_keys_differ() -> None:
    assert len({new_idempotency_key() for _ in range(100)}) == 100
