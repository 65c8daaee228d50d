"""Calls that wait for their time, over HTTP: shown, moved and cancelled."""

import time
from typing import Any

import pytest

from tests.support.builders import a_number
from tests.support.caller import Caller
from tests.support.calls import CALLEE, FAR_MS, a_scheduled_call, an_ended_call
from tests.support.server import RunningServer

FAR_S = FAR_MS // 1000
READY = {"outbound_agent_id": "desk", "outbound_trunk_id": "ST_outbound"}


def waiting(server: RunningServer, caller: Caller) -> tuple[str, str]:
    """Keep a call; return its path and the number that is to make it."""
    number = a_number()
    caller.create(number, **READY)
    return f"/api/calls/{a_scheduled_call(server, caller.actor, number).call_id}", number


def schedule_notes(at_s: int, status: str) -> dict[str, Any]:
    is_waiting = status == "pending"
    return {
        "is_scheduled": is_waiting,
        "scheduled_timestamp": at_s,
        "execution_status": status,
    }


def test_a_call_that_waits_is_shown_as_scheduled(server: RunningServer, caller: Caller) -> None:
    path, number = waiting(server, caller)
    shown = caller.request("GET", path).data
    assert (shown["call_status"], shown["state"]) == ("SCHEDULED", "scheduled")
    assert (shown["from_number"], shown["to_number"]) == (number, CALLEE)
    assert (shown["start_timestamp"], shown["end_timestamp"]) == (None, None)
    assert shown["metadata"] == schedule_notes(FAR_S, "pending")
    assert [(event["event"], event["session_time"]) for event in shown["events"]] == [
        ("Call scheduled", 0)
    ]
    for status, expected in (("SCHEDULED", 1), ("ONGOING", 0), ("ENDED", 0)):
        listed = caller.request("GET", f"/api/calls?call_status={status}").data
        assert listed["returned_count"] == expected


def test_when_a_call_is_due_stands_in_the_list_and_on_its_own(
    server: RunningServer, caller: Caller
) -> None:
    path, number = waiting(server, caller)
    caller.patch(number, inbound_agent_id="desk")
    other = an_ended_call(server, number).call_id
    due_at = "2030-03-17T17:46:40Z"
    assert caller.request("GET", path).data["scheduled_at"] == due_at
    assert caller.request("GET", f"/api/calls/{other}").data["scheduled_at"] is None
    for listed in (caller.request("GET", "/api/calls"), caller.request("POST", "/api/calls", {})):
        shown = {
            call["call_id"]: call.get("scheduled_at", "left out") for call in listed.data["calls"]
        }
        assert shown == {path.rpartition("/")[2]: due_at, other: "left out"}
    caller.request("PUT", f"{path}/schedule", {"scheduled_timestamp": 2_000_000_000})
    assert caller.request("GET", path).data["scheduled_at"] == "2033-05-18T03:33:20Z"


def test_a_call_that_waits_is_moved(server: RunningServer, caller: Caller) -> None:
    path, _ = waiting(server, caller)
    answer = caller.request("PUT", f"{path}/schedule", {"scheduled_timestamp": 2_000_000_000})
    assert answer.json["message"] == "Scheduled call time updated successfully"
    call = answer.data.pop("call")
    data = answer.json["data"]
    del data["call"]
    assert data == {
        "operation": "schedule_update",
        "organization_id": caller.organization_id,
        "call_id": path.rpartition("/")[2],
        "previous_scheduled_timestamp": FAR_S,
        "new_scheduled_timestamp": 2_000_000_000,
        "scheduled_for_human": "2033-05-18T03:33:20Z",
    }
    assert call["metadata"] == schedule_notes(2_000_000_000, "pending")
    assert caller.request("GET", path).data["metadata"] == call["metadata"]


def test_a_call_that_waits_is_cancelled_and_can_be_deleted(
    server: RunningServer, caller: Caller
) -> None:
    path, _ = waiting(server, caller)
    assert caller.request("DELETE", path).refusal[:2] == (409, "call.in_progress")
    answer = caller.request("DELETE", f"{path}/schedule")
    message = "Scheduled call cancelled successfully - converted to regular call"
    assert answer.json["message"] == message
    data = answer.data
    call = data.pop("call")
    assert data == {
        "operation": "schedule_cancelled",
        "organization_id": caller.organization_id,
        "call_id": call["call_id"],
        "cancelled_scheduled_timestamp": FAR_S,
    }
    assert (call["call_status"], call["call_duration"]) == ("ENDED", 0)
    assert call["disconnection_reason"] == "SCHEDULE_CANCELLED"
    assert call["metadata"] == schedule_notes(FAR_S, "cancelled")
    assert caller.request("DELETE", path).status == 200


def test_ending_a_call_that_waits_cancels_it(server: RunningServer, caller: Caller) -> None:
    path, _ = waiting(server, caller)
    ended = caller.request("POST", f"{path}/end").data
    assert (ended["call_status"], ended["end_reason"]) == ("ENDED", "ended_by_request")
    assert ended["metadata"]["execution_status"] == "cancelled"


def test_a_call_that_does_not_wait_has_no_schedule(server: RunningServer, caller: Caller) -> None:
    number = a_number()
    caller.create(number, inbound_agent_id="desk")
    call_id = an_ended_call(server, number).call_id
    cancelled, _ = waiting(server, caller)
    caller.request("DELETE", f"{cancelled}/schedule")
    body = {"scheduled_timestamp": FAR_S}
    for path in (f"/api/calls/{call_id}", cancelled):
        for method, sent in (("PUT", body), ("DELETE", None)):
            refusal = caller.request(method, f"{path}/schedule", sent).refusal
            assert refusal[:2] == (409, "call.not_scheduled")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1_705_314_600, "validation.range"),
        # Named, since every process that runs tests must call it the same.
        pytest.param(int(time.time()) - 1, "validation.range", id="a second ago"),
        (1_900_000_000_000, "validation.range"),
        (0, "validation.range"),
        ("2033-05-18T03:33:20Z", "validation.type"),
        (None, "validation.type"),
    ],
)
def test_a_time_that_has_passed_or_is_none_is_refused(
    server: RunningServer, caller: Caller, value: object, code: str
) -> None:
    path, _ = waiting(server, caller)
    answer = caller.request("PUT", f"{path}/schedule", {"scheduled_timestamp": value})
    assert answer.refusal[:2] == (400, code)
    assert answer.refusal[2].startswith("scheduled_timestamp: ")
    assert caller.request("GET", path).data["metadata"]["scheduled_timestamp"] == FAR_S


def test_only_who_may_make_calls_moves_or_cancels_them(
    server: RunningServer, caller: Caller
) -> None:
    path, _ = waiting(server, caller)
    reader = server.key_pair(caller, "calls:read")
    body = {"scheduled_timestamp": FAR_S}
    for method, sent in (("PUT", body), ("DELETE", None)):
        refusal = reader.request(method, f"{path}/schedule", sent).refusal
        assert refusal[:2] == (403, "auth.scope")
