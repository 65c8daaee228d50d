"""Calls over HTTP: shown, listed, noted on, ended and deleted, each organization's own."""

import json
from typing import Any

import pytest

from cordboard.routing.events import Sight
from tests.support.builders import a_name, a_number
from tests.support.caller import Caller
from tests.support.calls import FROM, a_seat, an_ended_call, recorded
from tests.support.clock import START_MS
from tests.support.described import untrue
from tests.support.server import RunningServer

CALLS = "/api/calls"
UNMATCHED = f"{CALLS}/unmatched"


def a_bound_number(caller: Caller, agent: str = "agent_a") -> str:
    number = a_number()
    caller.create(number, inbound_agent_id=agent, inbound_agent_version=2)
    return number


def listed(caller: Caller, **criteria: object) -> list[str]:
    data = caller.request("POST", CALLS, {"filter_criteria": criteria}).data
    return [call["call_id"] for call in data["calls"]]


def test_a_call_is_shown_as_the_published_object(server: RunningServer, caller: Caller) -> None:
    number = a_bound_number(caller)
    call = an_ended_call(server, number, carrier_ids={"sip.twilio.callSid": "CA1"})
    answer = caller.request("GET", f"{CALLS}/{call.call_id}")
    data = answer.data
    assert answer.json["message"] == "Call retrieved successfully"
    assert {
        "call_id": call.call_id,
        "agent_id": "agent_a",
        "agent_version": 2,
        "organization_id": caller.organization_id,
        "call_status": "ENDED",
        "call_type": "PHONE_CALL",
        "direction": "INBOUND",
        "from_number": FROM,
        "to_number": number,
        "start_timestamp": START_MS,
        "answered_timestamp": START_MS + 1000,
        "end_timestamp": START_MS + 61_000,
        "call_duration": 60_000,
        "disconnection_reason": "USER_HANGUP",
        "end_reason": "caller_hung_up",
        "telephony_identifier": {"call_sid": "CA1", "conference_sid": None},
    }.items() <= data.items()
    assert [event["event"] for event in data["events"]] == [
        "Call started - INBOUND",
        "Call answered",
        "Call ended",
    ]
    assert data["events"][0]["data"] == {"direction": "INBOUND", "from": FROM, "to": number}
    assert [step["step"] for step in data["trace"]][:2] == ["dialled", "number"]


def test_a_call_that_rings_and_one_that_is_up_say_so(server: RunningServer, caller: Caller) -> None:
    number = a_bound_number(caller)
    ringing, up = a_seat(number), a_seat(number)
    agent = up.sight(Sight.AUDIO, "agent", START_MS + 1)
    calls = [recorded(server, ringing), recorded(server, up, agent)]
    shown = [caller.request("GET", f"{CALLS}/{call.call_id}").data for call in calls]
    assert [data["call_status"] for data in shown] == ["REGISTERED", "ONGOING"]
    assert [data["end_timestamp"] for data in shown] == [None, None]


def test_calls_are_listed_newest_first_and_paged(server: RunningServer, caller: Caller) -> None:
    number = a_bound_number(caller)
    ids = [an_ended_call(server, number, joined_ms=START_MS + at).call_id for at in (2, 1, 3)]
    newest = [ids[2], ids[0], ids[1]]
    assert listed(caller) == newest
    data = caller.request("GET", f"{CALLS}?limit=2&page=1").data
    assert [call["call_id"] for call in data["calls"]] == newest[2:]
    assert data["pagination"] == {
        "page": 1,
        "limit": 2,
        "total_count": 3,
        "total_pages": 2,
        "has_next_page": False,
        "has_previous_page": True,
    }
    assert data["applied_filters"] == {}
    oldest = caller.request("GET", f"{CALLS}?sort_order=ascending").data["calls"]
    assert [call["call_id"] for call in oldest] == newest[::-1]


def test_lists_are_filtered(server: RunningServer, caller: Caller) -> None:
    a, b = a_bound_number(caller), a_bound_number(caller, "agent_b")
    ended, other = an_ended_call(server, a).call_id, an_ended_call(server, b).call_id
    up = recorded(server, a_seat(a)).call_id
    refused = an_ended_call(server, caller.create(a_number())["phone_number"]).call_id
    assert set(listed(caller, agent_id="agent_a")) == {ended, up}
    assert set(listed(caller, agent_id=["agent_a", "agent_b"])) == {ended, up, other}
    assert set(listed(caller, call_status=["ended"])) == {ended, other}
    assert set(listed(caller, call_status=["REGISTERED", "ERROR"])) == {up, refused}
    assert listed(caller, call_status=["SCHEDULED"]) == []
    assert listed(caller, call_type=["WEB_CALL"]) == []
    assert len(listed(caller, call_type=["phone_call"])) == 4
    assert set(listed(caller, duration_ms={"lower_threshold": 1})) == {ended, other, refused}
    assert listed(caller, duration_ms={"lower_threshold": 60_001}) == []
    assert listed(caller, duration_ms={"upper_threshold": 0}) == [up]
    data = caller.request("GET", f"{CALLS}?agent_id=agent_b&call_status=ENDED").data
    assert [call["call_id"] for call in data["calls"]] == [other]
    assert data["applied_filters"] == {"agent_id": "agent_b", "call_status": "ENDED"}


def test_notes_are_merged(server: RunningServer, caller: Caller) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    one = f"{CALLS}/{call.call_id}"
    caller.request("PUT", one, {"metadata": {"a": 1, "b": {"c": 2}}})
    data = caller.request("PUT", one, {"metadata": {"b": 3}}).data
    assert data["operation"] == "update"
    assert data["call"]["metadata"] == {"a": 1, "b": 3}
    assert caller.request("GET", f"{one}/context").data["metadata"] == {"a": 1, "b": 3}


def test_notes_that_would_be_too_long_with_those_there_are_refused(
    server: RunningServer, caller: Caller
) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    one = f"{CALLS}/{call.call_id}"
    caller.request("PUT", one, {"metadata": {"a": "x" * 20_000}})
    answer = caller.request("PUT", one, {"metadata": {"b": "x" * 20_000}})
    assert answer.refusal[:2] == (400, "validation.length")
    assert list(caller.request("GET", one).data["metadata"]) == ["a"]
    # In place of what is there it has room.
    caller.request("PUT", one, {"metadata": {"a": "y" * 20_000}})
    assert caller.request("GET", one).data["metadata"] == {"a": "y" * 20_000}


def test_a_note_of_true_takes_the_place_of_1(server: RunningServer, caller: Caller) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    one = f"{CALLS}/{call.call_id}"
    caller.request("PUT", one, {"metadata": {"a": 1}})
    caller.request("PUT", one, {"metadata": {"a": True}})
    assert caller.request("GET", one).data["metadata"]["a"] is True


def nested_notes(depth: int) -> bytes:
    """Return a change of notes that nest so deep, with the body and the notes themselves."""
    return b'{"metadata": {"a": %b}}' % (b"[" * (depth - 2) + b"]" * (depth - 2))


def test_notes_may_nest_64_deep_and_are_read_back(server: RunningServer, caller: Caller) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    one = f"{CALLS}/{call.call_id}"
    assert caller.request("PUT", one, nested_notes(66)).status == 200
    kept = caller.request("GET", one).data["metadata"]
    assert {"metadata": kept} == json.loads(nested_notes(66))
    assert caller.request("PUT", one, {"metadata": {"b": 1}}).data["call"]["metadata"]["b"] == 1
    assert caller.request("GET", CALLS).data["calls"][0]["metadata"]["b"] == 1


def test_notes_that_nest_deeper_are_refused_at_any_depth(
    server: RunningServer, caller: Caller
) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    one = f"{CALLS}/{call.call_id}"
    for depth in (67, 100):
        refusal = caller.request("PUT", one, nested_notes(depth)).refusal
        assert refusal[:2] == (400, "validation.json")
        assert refusal[2].startswith("metadata.a[0]")
        assert refusal[2].endswith("is nested more than 64 deep")
    for depth in (101, *range(800, 1010, 5), 10_000):
        refusal = caller.request("PUT", one, nested_notes(depth)).refusal
        assert refusal == (400, "validation.json", "body: is nested more than 100 deep")
    assert caller.request("GET", one).data["metadata"] == {}


NUL = "must not hold the NUL character"
SURROGATES = "must not hold lone surrogates"
UNKEPT_NOTES = [
    (r'{"a": "\u0000"}', f"metadata.a: {NUL}"),
    (r'{"a": {"b": ["x\u0000"]}}', f"metadata.a.b[0]: {NUL}"),
    (r'{"\u0000": 1}', f"metadata: {NUL}"),
    (r'{"a": {"\u0000": 1}}', f"metadata.a: {NUL}"),
    (r'{"a": "\ud800"}', f"metadata.a: {SURROGATES}"),
    (r'{"\udfff": 1}', f"metadata: {SURROGATES}"),
]
"""Notes as JSON, and how they are refused."""


@pytest.mark.parametrize(("notes", "error"), UNKEPT_NOTES)
def test_notes_with_characters_that_are_not_kept_are_refused(
    sqlite_server: RunningServer, notes: str, error: str
) -> None:
    caller = sqlite_server.organization()
    one = f"{CALLS}/{an_ended_call(sqlite_server, a_bound_number(caller)).call_id}"
    answer = caller.request("PUT", one, f'{{"metadata": {notes}}}'.encode())
    assert answer.refusal == (400, "validation.characters", error)
    assert caller.request("GET", one).data["metadata"] == {}


@pytest.mark.parametrize("field", ["call_status", "direction", "from_number"])
def test_what_happened_cannot_be_changed(server: RunningServer, caller: Caller, field: str) -> None:
    call = an_ended_call(server, a_bound_number(caller))
    answer = caller.request("PUT", f"{CALLS}/{call.call_id}", {field: "x"})
    assert answer.refusal[:2] == (400, "validation.immutable")


def test_the_context_tells_a_worker_which_agent_it_is(
    server: RunningServer, caller: Caller
) -> None:
    call = recorded(server, a_seat(a_bound_number(caller)))
    assert caller.request("GET", f"{CALLS}/{call.call_id}/context").data == {
        "call_id": call.call_id,
        "organization_id": caller.organization_id,
        "agent_id": "agent_a",
        "agent_version": 2,
        "dynamic_variables": {},
        "metadata": {},
    }


def test_only_a_call_that_has_ended_can_be_deleted_and_it_never_comes_back(
    server: RunningServer, caller: Caller
) -> None:
    seat = a_seat(a_bound_number(caller))
    call = recorded(server, seat)
    one = f"{CALLS}/{call.call_id}"
    assert caller.request("DELETE", one).refusal[:2] == (409, "call.in_progress")
    left = seat.sight(Sight.LEFT, "sip", START_MS + 5, "CLIENT_INITIATED")
    recorded(server, seat, left)
    data = caller.request("DELETE", one).data
    assert data == {"call_id": call.call_id, "organization_id": caller.organization_id}
    with pytest.raises(AssertionError):
        recorded(server, seat, left)
    assert caller.request("GET", one).refusal == (
        404,
        "call.not_found",
        f"Call with ID '{call.call_id}' does not exist in organization '{caller.organization_id}'",
    )


def test_a_call_that_is_asked_to_end_is_ended_for_that_reason(
    server: RunningServer, caller: Caller
) -> None:
    seat = a_seat(a_bound_number(caller))
    call = recorded(server, seat)
    end = f"{CALLS}/{call.call_id}/end"
    assert caller.request("POST", end).status == 200
    assert caller.request("POST", end, {}).status == 200
    recorded(server, seat, seat.sight(Sight.LEFT, "sip", START_MS + 5, "ROOM_DELETED"))
    assert caller.request("POST", end).data["end_reason"] == "ended_by_request"


def test_a_refused_call_is_unmatched_with_its_reason(server: RunningServer, caller: Caller) -> None:
    number = caller.create(a_number())["phone_number"]
    call = recorded(server, a_seat(number))
    (found,) = _unmatched_of(caller, call.call_id)
    assert (found["reason"], found["to"], found["from_number"]) == ("unbound_number", number, FROM)


def test_a_call_to_nobodys_number_is_unmatched_for_all_and_hides_its_caller(
    server: RunningServer, caller: Caller
) -> None:
    call = recorded(server, a_seat(a_name("sales")))
    for reader in (caller, server.organization()):
        (found,) = _unmatched_of(reader, call.call_id)
        assert (found["reason"], found["organization_id"]) == ("unknown_number", None)
        assert found["from_number"] is None
        assert reader.request("GET", f"{CALLS}/{call.call_id}").status == 404
        assert call.call_id not in listed(reader)


def test_anothers_unmatched_call_is_not_shown(server: RunningServer, caller: Caller) -> None:
    call = recorded(server, a_seat(server.organization().create(a_number())["phone_number"]))
    assert _unmatched_of(caller, call.call_id) == []


def _unmatched_of(caller: Caller, call_id: str) -> list[Any]:
    data = caller.request("GET", f"{UNMATCHED}?limit=1000").data
    return [call for call in data["calls"] if call["call_id"] == call_id]


@pytest.mark.parametrize(
    ("body", "code", "begins"),
    [
        ({"limit": 0}, "validation.range", "limit: "),
        ({"sort_by": "colour"}, "validation.choice", "sort_by: "),
        (
            {"filter_criteria": {"call_status": ["x"]}},
            "validation.choice",
            "filter_criteria.call_st",
        ),
        ({"filter_criteria": {"agent_id": ""}}, "validation.length", "filter_criteria.agent_id"),
        (
            {"filter_criteria": {"agent_id": ["\0"]}},
            "validation.characters",
            "filter_criteria.agent",
        ),
        (
            {"filter_criteria": {"agent_id": ["a"] * 101}},
            "validation.length",
            "filter_criteria.agent",
        ),
        (
            {"filter_criteria": {"duration_ms": {"lower_threshold": -1}}},
            "validation.range",
            "filter_criteria.duration_ms.lower_threshold",
        ),
        (
            {"filter_criteria": {"transcript_search": "x"}},
            "validation.unknown_field",
            "filter_crit",
        ),
    ],
)
def test_a_bad_list_is_refused_by_field(
    sqlite_server: RunningServer, body: object, code: str, begins: str
) -> None:
    answer = sqlite_server.organization().request("POST", CALLS, body)
    assert answer.refusal[:2] == (400, code)
    assert answer.refusal[2].startswith(begins)
    assert untrue("POST", CALLS, answer) is None


def test_every_answer_is_the_described_one(sqlite_server: RunningServer) -> None:
    caller = sqlite_server.organization()
    call = an_ended_call(sqlite_server, a_bound_number(caller))
    recorded(sqlite_server, a_seat(caller.create(a_number())["phone_number"]))
    one = f"{CALLS}/{call.call_id}"
    for method, target, body in (
        ("GET", CALLS, None),
        ("POST", CALLS, {}),
        ("GET", UNMATCHED, None),
        ("GET", one, None),
        ("GET", f"{one}/context", None),
        ("PUT", one, {"metadata": {"a": 1}}),
        ("PUT", one, {"metadata": {"a": "x" * 40_000}}),
        ("POST", f"{one}/end", None),
        ("DELETE", one, None),
        ("DELETE", one, None),
    ):
        answer = caller.request(method, target, body)
        assert untrue(method, target, answer) is None, (method, target)
