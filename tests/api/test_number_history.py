"""What happened to a number: every revision of every registration, this organization's only."""

from typing import Any

import pytest

from cordboard.runtime.clock import iso_utc
from tests.support.builders import a_foreign_number, a_number
from tests.support.caller import Caller, path_of
from tests.support.clock import START_MS, SettableClock
from tests.support.server import RunningServer

NEVER = "+12025550123"
BOUND = {"nickname": "Sales", "inbound_agent_id": "agent_a"}
UPDATED = {
    "nickname": {"from": "Sales", "to": None},
    "inbound_agent_id": {"from": "agent_a", "to": "agent_b"},
}
AFTERWARDS = {"inbound_agent_id": "agent_b"}


def told(caller: Caller, phone_number: str) -> list[tuple[str, int]]:
    return [(entry["action"], entry["revision"]) for entry in caller.history(phone_number)]


def test_every_change_is_told_newest_first_with_who_did_it_and_when(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    other = own_server.key_pair(caller, "numbers:write")
    phone_number = a_number()
    created = caller.request(
        "POST",
        "/api/phone-numbers/create",
        {"phone_number": phone_number, **BOUND},
    )
    registration_id = caller.show(phone_number)["registration_id"]
    clock.advance(seconds=5)
    changed = other.request(
        "PATCH", path_of(phone_number), {"nickname": None, "inbound_agent_id": "agent_b"}
    )
    clock.advance(seconds=5)
    deleted = caller.delete(phone_number)
    expected = [
        ("deleted", 3, 10_000, caller, deleted, _whole(phone_number, AFTERWARDS, is_new=False)),
        ("updated", 2, 5_000, other, changed, UPDATED),
        ("created", 1, 0, caller, created, _whole(phone_number, BOUND, is_new=True)),
    ]
    assert caller.history(phone_number) == [
        {
            "registration_id": registration_id,
            "revision": revision,
            "at": iso_utc(START_MS + later_ms),
            "action": action,
            "api_key": who.api_key,
            "request_id": answer.headers["x-request-id"],
            "changes": changes,
        }
        for action, revision, later_ms, who, answer, changes in expected
    ]


def _whole(phone_number: str, fields: dict[str, str], *, is_new: bool) -> dict[str, Any]:
    """Every field of a number as it came, or as it went."""
    values: dict[str, object] = {
        "phone_number": phone_number,
        "area_code": 415,
        "phone_number_type": "custom",
        "inbound_agent_version": 1,
        "outbound_agent_version": 1,
        "number_provider": "twilio",
        **fields,
    }
    return {
        field: _change(None, value) if is_new else _change(value, None)
        for field, value in values.items()
    }


def _change(before: object, after: object) -> dict[str, object]:
    return {"from": before, "to": after}


def test_the_history_goes_on_across_registrations(caller: Caller) -> None:
    phone_number = a_foreign_number()
    registrations = []
    for nickname in ("first", "second"):
        caller.create(phone_number)
        registrations.append(caller.show(phone_number)["registration_id"])
        caller.patch(phone_number, nickname=nickname)
        caller.delete(phone_number)
    once = [("deleted", 3), ("updated", 2), ("created", 1)]
    assert told(caller, phone_number) == once * 2
    entries = caller.history(phone_number)
    assert [entry["registration_id"] for entry in entries] == [registrations[1]] * 3 + [
        registrations[0]
    ] * 3


def test_a_number_s_past_never_shows_to_its_next_owner(
    server: RunningServer, caller: Caller
) -> None:
    phone_number = a_number()
    caller.create(phone_number, nickname="a secret of the first owner")
    caller.delete(phone_number)
    theirs = server.organization()
    path = path_of(phone_number, "/history")
    assert theirs.request("GET", path).refusal[:2] == (404, "phone_number.not_found")
    theirs.create(phone_number)
    assert told(theirs, phone_number) == [("created", 1)]
    assert b"a secret" not in theirs.request("GET", path).body
    assert told(caller, phone_number) == [("deleted", 2), ("created", 1)]


def test_the_history_of_a_number_that_never_was_here_is_not_found(caller: Caller) -> None:
    organization_id = caller.organization_id
    answer = caller.request("GET", path_of(NEVER, "/history"))
    assert answer.refusal == (
        404,
        "phone_number.not_found",
        f"Phone number with ID '{NEVER}' does not exist in organization '{organization_id}'",
    )


def test_a_refused_request_leaves_no_entry(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    assert caller.request("PATCH", path_of(phone_number), {"area_code": 415}).status == 400
    condition = {"If-Match": '"no"'}
    assert caller.request("PATCH", path_of(phone_number), {}, condition).status == 412
    assert caller.request("DELETE", path_of(phone_number), headers=condition).status == 412
    assert told(caller, phone_number) == [("created", 1)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 1000])
def test_the_history_is_paged_like_lists(caller: Caller, limit: int) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    for name in "abcdef":
        caller.patch(phone_number, nickname=name)
    revisions: list[int] = []
    for page in range(10):
        query = f"/history?limit={limit}&page={page}"
        data = caller.request("GET", path_of(phone_number, query)).data
        total_pages = -(-7 // limit)
        assert data["pagination"] == {
            "page": page,
            "limit": limit,
            "total_pages": total_pages,
            "total_count": 7,
            "has_next": page + 1 < total_pages,
            "has_previous": page > 0,
        }
        assert (not data["revisions"]) == (page >= total_pages)
        revisions += [entry["revision"] for entry in data["revisions"]]
    assert revisions == [7, 6, 5, 4, 3, 2, 1]


def test_history_pages_hold_fifty_entries_when_nothing_is_said(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    for number in range(51):
        caller.patch(phone_number, nickname=f"name {number}")
    data = caller.request("GET", path_of(phone_number, "/history")).data
    assert (len(data["revisions"]), data["pagination"]["total_count"]) == (50, 52)
