"""The guards of outbound calls over HTTP: shown, changed, and who changed them."""

import pytest

from cordboard.calls.outbound.limits import MINUTE_MS
from cordboard.calls.outbound.reservations import is_stopped, reserve, settle
from tests.support.builders import a_name
from tests.support.caller import Caller
from tests.support.server import RunningServer

DEFAULTS = {
    "allowed_regions": [],
    "max_concurrent_calls": 5,
    "max_dials_per_minute": 30,
    "max_minutes_per_day": 500,
    "is_stopped": False,
    "revision": 0,
    "usage": {"concurrent_calls": 0, "dials_last_minute": 0, "minutes_today": 0},
}


def guards_path(caller: Caller, suffix: str = "") -> str:
    return f"/api/organizations/{caller.organization_id}/outbound-guards{suffix}"


def test_a_new_organization_has_the_default_guards(server: RunningServer, caller: Caller) -> None:
    answer = caller.request("GET", guards_path(caller))
    assert answer.json["message"] == "Outbound guards retrieved successfully"
    assert answer.data == {"organization_id": caller.organization_id, **DEFAULTS}


def test_what_is_sent_changes_and_the_rest_stays(server: RunningServer, caller: Caller) -> None:
    answer = caller.request(
        "PATCH",
        guards_path(caller),
        {"allowed_regions": ["US", "CA", "US"], "max_concurrent_calls": 10},
    )
    assert answer.json["message"] == "Outbound guards updated successfully"
    expected = DEFAULTS | {
        "organization_id": caller.organization_id,
        "allowed_regions": ["CA", "US"],
        "max_concurrent_calls": 10,
        "revision": 1,
    }
    assert answer.data == expected
    assert caller.request("PATCH", guards_path(caller), {}).data == expected
    assert caller.request("GET", guards_path(caller)).data == expected


def test_null_makes_a_limit_the_default_again(server: RunningServer, caller: Caller) -> None:
    limits = {"max_concurrent_calls": 1, "max_dials_per_minute": 2, "max_minutes_per_day": 3}
    caller.request("PATCH", guards_path(caller), {**limits, "allowed_regions": ["JM"]})
    back = dict.fromkeys([*limits, "allowed_regions"])
    data = caller.request("PATCH", guards_path(caller), back).data
    assert data == {"organization_id": caller.organization_id, **DEFAULTS, "revision": 2}


def test_the_history_tells_who_changed_what(server: RunningServer, caller: Caller) -> None:
    first = caller.request("PATCH", guards_path(caller), {"max_minutes_per_day": 60})
    other = server.key_pair(caller, "admin")
    other.request("PATCH", guards_path(caller), {"is_stopped": True})
    data = caller.request("GET", guards_path(caller, "/history?limit=1")).data
    (newest,) = data["revisions"]
    assert data["pagination"]["total_count"] == 2
    assert newest["api_key"] == other.api_key
    assert newest["changes"] == {"is_stopped": {"from": False, "to": True}}
    data = caller.request("GET", guards_path(caller, "/history?page=1&limit=1")).data
    (oldest,) = data["revisions"]
    assert oldest["api_key"] == caller.api_key
    assert oldest["request_id"] == first.headers["x-request-id"]
    assert oldest["changes"] == {"max_minutes_per_day": {"from": 500, "to": 60}}


def test_the_kill_switch_holds_once_its_answer_is_there(
    server: RunningServer, caller: Caller
) -> None:
    for stopped in (True, False):
        caller.request("PATCH", guards_path(caller), {"is_stopped": stopped})
        assert server.read(is_stopped, caller.organization_id) is stopped


def test_what_is_in_use_is_shown(server: RunningServer, caller: Caller) -> None:
    calls = [a_name("call") for _ in range(2)]
    for call_id in calls:
        server.write(reserve, caller.organization_id, call_id, 60 * MINUTE_MS)
    server.write(settle, caller.organization_id, calls[0], MINUTE_MS + 1)
    assert caller.request("GET", guards_path(caller)).data["usage"] == {
        "concurrent_calls": 1,
        "dials_last_minute": 2,
        "minutes_today": 62,
    }


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        (
            {"allowed_regions": ["US", "us"]},
            "validation.choice",
            "allowed_regions[1]: must be a region in two capital letters (ISO 3166-1), such as US",
        ),
        (
            {"allowed_regions": ["001"]},
            "validation.choice",
            "allowed_regions[0]: must be a region in two capital letters (ISO 3166-1), such as US",
        ),
        (
            {"max_concurrent_calls": 0},
            "validation.range",
            "max_concurrent_calls: must be from 1 to 10000",
        ),
        (
            {"max_minutes_per_day": 1_000_001},
            "validation.range",
            "max_minutes_per_day: must be from 1 to 1000000",
        ),
        (
            {"is_stopped": None},
            "validation.type",
            "is_stopped: must be true or false, not null",
        ),
        (
            {"is_stopped": 1},
            "validation.type",
            "is_stopped: must be true or false, not an integer",
        ),
        (
            {"revision": 3},
            "validation.unknown_field",
            "revision: is not a field of this request",
        ),
    ],
)
def test_what_is_no_guard_is_refused_and_changes_nothing(
    server: RunningServer, caller: Caller, body: dict[str, object], code: str, error: str
) -> None:
    answer = caller.request("PATCH", guards_path(caller), {"max_dials_per_minute": 1, **body})
    assert answer.refusal == (400, code, error)
    assert caller.request("GET", guards_path(caller)).data["revision"] == 0


@pytest.mark.parametrize("scope", ["calls:write", "numbers:write", "carriers:write"])
def test_only_an_administrator_sees_or_changes_guards(
    server: RunningServer, caller: Caller, scope: str
) -> None:
    narrow = server.key_pair(caller, scope)
    for method, suffix, body in (("GET", "", None), ("PATCH", "", {}), ("GET", "/history", None)):
        answer = narrow.request(method, guards_path(caller, suffix), body)
        assert answer.refusal[:2] == (403, "auth.scope")
