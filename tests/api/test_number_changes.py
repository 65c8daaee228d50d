"""PATCH and DELETE, sentence by sentence."""

from typing import Any

import pytest

from cordboard.runtime.clock import iso_utc
from tests.support.agent_caller import create_agent, publish_agent
from tests.support.builders import a_name, a_number
from tests.support.caller import AVAILABLE, Caller, path_of
from tests.support.clock import START_MS, SettableClock
from tests.support.events import events_of
from tests.support.server import RunningServer

VALUES: dict[str, tuple[Any, Any]] = {
    "nickname": ("Sales", "Support"),
    "inbound_agent_id": ("agent_a", "agent_b"),
    "outbound_agent_id": ("agent_c", "agent_d"),
    "inbound_agent_version": (2, 3),
    "outbound_agent_version": (4, 5),
    "inbound_webhook_url": ("https://example.com/a", "https://example.com/b"),
    "number_provider": ("telnyx", "sip"),
    "outbound_trunk_id": ("ST_a", "ST_b"),
    "fallback_agent_id": ("agent_e", "agent_f"),
    "fallback_agent_version": (6, 7),
}
BEFORE = {field: before for field, (before, _) in VALUES.items()}
CLEARABLE = [
    "nickname",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_webhook_url",
    "outbound_trunk_id",
    "fallback_agent_id",
]
TIMES = {"updated_at", "last_modification_timestamp"}


def without(data: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {field: value for field, value in data.items() if field not in {*fields, *TIMES}}


@pytest.mark.parametrize("field", VALUES)
def test_only_what_is_sent_changes(caller: Caller, field: str) -> None:
    phone_number = a_number()
    before = caller.create(phone_number, phone_number_type="zudu-twilio", **BEFORE)
    after = caller.patch(phone_number, **{field: VALUES[field][1]})
    assert after[field] == VALUES[field][1]
    assert without(after, field) == without(before, field)
    assert list(after) == list(before)
    shown = caller.show(phone_number)
    assert {key: shown[key] for key in after} == after


@pytest.mark.parametrize("field", CLEARABLE)
def test_null_clears_what_can_be_empty(caller: Caller, field: str) -> None:
    phone_number = a_number()
    before = caller.create(phone_number, **BEFORE)
    after = caller.patch(phone_number, **{field: None})
    assert after[field] is None
    assert without(after, field) == without(before, field)


def test_a_change_of_everything_at_once_is_one_revision(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number, **BEFORE)
    after = caller.patch(phone_number, **{field: new for field, (_, new) in VALUES.items()})
    assert {field: after[field] for field in VALUES} == {f: new for f, (_, new) in VALUES.items()}
    assert caller.show(phone_number)["revision"] == 2
    changes = caller.history(phone_number)[0]["changes"]
    assert changes == {field: {"from": old, "to": new} for field, (old, new) in VALUES.items()}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": "Sales"},
        {"nickname": "  Sales "},
        {"nickname": "Sales", "label": "Sales"},
        *({field: before} for field, (before, _) in VALUES.items()),
        dict(BEFORE),
    ],
)
def test_a_change_to_the_present_values_leaves_no_trace(
    own_server: RunningServer, clock: SettableClock, body: dict[str, Any]
) -> None:
    caller = own_server.organization()
    phone_number = a_number()
    caller.create(phone_number, **BEFORE)
    before = caller.request("GET", path_of(phone_number))
    clock.advance(hours=1)
    answer = caller.request("PATCH", path_of(phone_number), body)
    assert answer.status == 200
    assert answer.headers["etag"] == before.headers["etag"]
    after = caller.request("GET", path_of(phone_number))
    assert after.body == before.body
    assert {key: after.data[key] for key in answer.data} == answer.data
    assert [entry["action"] for entry in caller.history(phone_number)] == ["created"]
    events = own_server.read(events_of, caller.organization_id)
    assert [event.event for event in events if event.event.startswith("number")] == [
        "number_created"
    ]


def test_clearing_what_is_empty_already_leaves_no_trace(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    caller.patch(phone_number, **dict.fromkeys(CLEARABLE))
    assert caller.show(phone_number)["revision"] == 1


@pytest.mark.parametrize(
    ("body", "nickname"),
    [
        ({"label": "Support"}, "Support"),
        ({"label": None}, None),
        ({"label": " Support ", "nickname": "Support"}, "Support"),
        ({"label": None, "nickname": None}, None),
    ],
)
def test_label_is_another_name_for_nickname(
    caller: Caller, body: dict[str, Any], nickname: str | None
) -> None:
    phone_number = a_number()
    caller.create(phone_number, nickname="Sales")
    answer = caller.patch(phone_number, **body)
    assert answer["nickname"] == nickname
    assert "label" not in answer
    assert caller.history(phone_number)[0]["changes"] == {
        "nickname": {"from": "Sales", "to": nickname}
    }


@pytest.mark.parametrize("field", ["phone_number", "area_code", "phone_number_type"])
def test_what_cannot_change_is_refused_even_with_its_present_value(
    caller: Caller, field: str
) -> None:
    phone_number = a_number()
    data = caller.create(phone_number)
    answer = caller.request("PATCH", path_of(phone_number), {field: data[field]})
    assert answer.refusal == (
        400,
        "validation.immutable",
        f"{field}: cannot be changed; leave it out",
    )


def test_a_changed_carrier_leaves_the_type_as_it_was(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number, phone_number_type="zudu-twilio")
    after = caller.patch(phone_number, number_provider="plivo")
    assert (after["number_provider"], after["phone_number_type"]) == ("plivo", "zudu-twilio")


def test_a_change_moves_the_times_and_not_the_time_of_creation(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    phone_number = a_number()
    caller.create(phone_number)
    clock.advance(hours=2, ms=500)
    after = caller.patch(phone_number, nickname="Sales")
    now_ms = START_MS + 2 * 3_600_000 + 500
    assert after["created_at"] == "2024-01-15T10:30:00Z"
    assert (after["updated_at"], after["last_modification_timestamp"]) == (iso_utc(now_ms), now_ms)
    assert caller.history(phone_number)[0]["at"] == iso_utc(now_ms)


def test_the_time_of_a_change_never_goes_backwards_though_the_clock_does(
    own_server: RunningServer, clock: SettableClock
) -> None:
    caller = own_server.organization()
    phone_number = a_number()
    caller.create(phone_number)
    clock.advance(hours=-3)
    after = caller.patch(phone_number, nickname="Sales")
    assert after["last_modification_timestamp"] == START_MS
    assert after["updated_at"] == "2024-01-15T10:30:00Z"
    assert caller.show(phone_number)["revision"] == 2
    caller.delete(phone_number)
    assert {entry["at"] for entry in caller.history(phone_number)} == {"2024-01-15T10:30:00Z"}


def test_a_number_may_be_bound_to_a_published_version_and_not_to_one_beyond(
    caller: Caller,
) -> None:
    phone_number = a_number()
    agent_id = create_agent(caller)["agent_id"]
    publish_agent(caller, agent_id)
    caller.create(phone_number, inbound_agent_id=agent_id, inbound_agent_version=1)
    answer = caller.request("PATCH", path_of(phone_number), {"inbound_agent_version": 2})
    assert answer.refusal == (
        404,
        "agent_version.not_found",
        f"Version 2 of agent '{agent_id}' does not exist",
    )
    assert caller.show(phone_number)["revision"] == 1


def test_a_version_that_waits_for_its_agent_is_checked_when_the_agent_comes(
    caller: Caller,
) -> None:
    phone_number = a_number()
    agent_id = create_agent(caller)["agent_id"]
    caller.create(phone_number, inbound_agent_version=7)
    refused = caller.request("PATCH", path_of(phone_number), {"inbound_agent_id": agent_id})
    assert refused.refusal[1] == "agent_version.not_found"
    after = caller.patch(phone_number, inbound_agent_id=agent_id, inbound_agent_version=1)
    assert (after["inbound_agent_id"], after["inbound_agent_version"]) == (agent_id, 1)


def test_a_name_that_only_livekit_knows_may_have_any_version(caller: Caller) -> None:
    after = caller.create(a_number(), outbound_agent_id=a_name(), outbound_agent_version=99)
    assert after["outbound_agent_version"] == 99


def test_a_refused_change_changes_nothing_of_what_was_good_in_it(caller: Caller) -> None:
    phone_number = a_number()
    caller.create(phone_number, nickname="Sales")
    answer = caller.request(
        "PATCH", path_of(phone_number), {"nickname": "Support", "number_provider": "acme"}
    )
    assert answer.status == 400
    assert caller.show(phone_number)["nickname"] == "Sales"


def test_a_deleted_number_is_gone_from_every_list_and_may_be_registered_anew(
    server: RunningServer, caller: Caller
) -> None:
    phone_number = a_number()
    caller.create(phone_number, nickname="Sales")
    first = caller.show(phone_number)["registration_id"]
    answer = caller.delete(phone_number)
    assert answer.data == {
        "phone_number": phone_number,
        "organization_id": caller.organization_id,
        "cleanup_results": {"dispatch_rule": True, "inbound_trunk": True, "outbound_trunk": True},
    }
    assert "etag" not in answer.headers
    for method in ("GET", "PATCH", "DELETE"):
        assert caller.request(method, path_of(phone_number), {}).status == 404
    assert caller.listed() == []
    assert caller.request("GET", AVAILABLE).data["phone_numbers"] == []
    again = server.organization()
    assert again.create(phone_number)["nickname"] is None
    assert again.show(phone_number)["registration_id"] != first
    assert again.show(phone_number)["revision"] == 1


def test_each_change_of_a_number_is_one_event_of_its_organization(
    server: RunningServer, caller: Caller
) -> None:
    phone_number = a_number()
    caller.create(phone_number)
    caller.patch(phone_number, nickname="Sales")
    registration_id = caller.show(phone_number)["registration_id"]
    caller.delete(phone_number)
    events = server.read(events_of, caller.organization_id)
    assert [event.event for event in events] == [
        "number_created",
        "number_updated",
        "number_deleted",
    ]
    assert {event.subject_id for event in events} == {registration_id}
