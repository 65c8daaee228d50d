"""Only LiveKit's own events are taken, and of them only what a call record needs."""

import base64
import hashlib
import json
from typing import Any

import msgspec
import pytest

from cordboard.routing.event_token import EventUnverifiedError
from cordboard.routing.events import (
    LiveKitEvent,
    Sight,
    is_room_of_calls,
    parsed_event,
    sip_attributes,
)
from cordboard.runtime.errors import InvalidError

SECRET_IN_BODY = "a-turn-password"

# As livekit-server 1.13.5 sends it.
JOINED: dict[str, Any] = {
    "event": "participant_joined",
    "id": "EV_aQvZDbS2PX9p",
    "createdAt": "1795441021",
    "room": {
        "sid": "RM_jJjgrJwBcvJG",
        "name": "call_+15550009999_phws86UouYro",
        "emptyTimeout": 5,
        "creationTimeMs": "1795441021484",
        "turnPassword": SECRET_IN_BODY,
        "enabledCodecs": [{"mime": "audio/opus"}],
    },
    "participant": {
        "sid": "PA_N8eK2zPDBFeT",
        "identity": "sip_+15550009999",
        "state": "ACTIVE",
        "joinedAt": "1795441021",
        "joinedAtMs": "1795441021486",
        "kind": "SIP",
        "attributes": {
            "sip.callID": "SCL_VCNfCJbq4mGF",
            "sip.ruleID": "SDR_bAYDHDdDmTAS",
            "sip.phoneNumber": "+15550009999",
            "sip.trunkPhoneNumber": "+15550001001",
            "other": "not ours",
        },
    },
}


def hash_of(raw: bytes) -> str:
    return base64.b64encode(hashlib.sha256(raw).digest()).decode()


def parsed(body: dict[str, Any]) -> LiveKitEvent | None:
    raw = json.dumps(body).encode()
    return parsed_event(raw, hash_of(raw))


def test_a_body_that_was_changed_is_refused() -> None:
    raw = json.dumps(JOINED).encode()
    with pytest.raises(EventUnverifiedError):
        parsed_event(raw + b" ", hash_of(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"event":1,"id":"a"}',
        b'{"event":"room_started","id":""}',
        b'{"event":"room_started","id":"a","x":' + b"[" * 2000,
        b"\xff",
    ],
    ids=lambda raw: ascii(raw[:40]),
)
def test_a_signed_body_that_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidError):
        parsed_event(raw, hash_of(raw))


def test_of_an_event_only_what_a_call_needs_is_kept() -> None:
    event = parsed(JOINED)
    assert event == LiveKitEvent(
        event_id="EV_aQvZDbS2PX9p",
        sight=Sight.JOINED,
        room_sid="RM_jJjgrJwBcvJG",
        room="call_+15550009999_phws86UouYro",
        participant_sid="PA_N8eK2zPDBFeT",
        kind="sip",
        joined_ms=1_795_441_021_486,
        created_s=1_795_441_021,
        disconnect_reason="",
        attributes={
            "sip.callID": "SCL_VCNfCJbq4mGF",
            "sip.ruleID": "SDR_bAYDHDdDmTAS",
            "sip.phoneNumber": "+15550009999",
            "sip.trunkPhoneNumber": "+15550001001",
        },
    )
    assert SECRET_IN_BODY.encode() not in msgspec.json.encode(event)


@pytest.mark.parametrize(
    "change",
    [
        {"event": "egress_started"},
        {"event": "track_published", "track": {"type": "VIDEO"}},
        {"event": "track_published", "track": {"type": 99}},
        {"room": {"sid": "RM_1", "name": "standup"}},
        {"room": {"sid": "", "name": "call_1"}},
        {"room": None},
        {"participant": None},
    ],
    ids=str,
)
def test_what_says_nothing_about_a_call_is_passed_over(change: dict[str, Any]) -> None:
    assert parsed(JOINED | change) is None


def test_a_kind_that_livekit_has_no_name_for_is_as_good_as_none() -> None:
    event = parsed(JOINED | {"participant": JOINED["participant"] | {"kind": 99}})
    assert event is not None
    assert (event.kind, event.attributes) == ("", {})
    assert event.participant_sid == JOINED["participant"]["sid"]


def test_a_reason_that_livekit_has_no_name_for_is_as_good_as_none() -> None:
    who = JOINED["participant"] | {"disconnectReason": 99}
    event = parsed(JOINED | {"event": "participant_left", "participant": who})
    assert event is not None
    assert (event.sight, event.kind, event.disconnect_reason) == (Sight.LEFT, "sip", "")


def test_a_track_without_a_type_is_audio() -> None:
    event = parsed(JOINED | {"event": "track_published", "track": {"sid": "TR_1"}})
    assert event is not None
    assert event.sight is Sight.AUDIO


@pytest.mark.parametrize(
    "change",
    [
        {"createdAt": "9" * 25},
        {"createdAt": "-1"},
        {"id": "EV_\0"},
        {"room": {"sid": "RM_\0", "name": "call_1"}},
        {"participant": JOINED["participant"] | {"sid": "PA_\0"}},
        {"participant": JOINED["participant"] | {"joinedAtMs": "9" * 18}},
        {"participant": JOINED["participant"] | {"joinedAtMs": "-1"}},
    ],
    ids=str,
)
def test_what_no_database_keeps_and_no_calendar_has_is_no_event(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        parsed(JOINED | change)


@pytest.mark.parametrize("name", ["call_\0", "cordboard-probe_\0"])
def test_a_room_whose_name_no_database_keeps_is_of_no_call(name: str) -> None:
    assert parsed(JOINED | {"room": {"sid": "RM_1", "name": name}}) is None
    assert not is_room_of_calls(name)


def test_an_attribute_that_no_database_keeps_is_not_there() -> None:
    told = {"sip.callID": "SCL_1", "sip.ruleID": "\0", "sip.h.x\0": "1", "sip.phoneNumber": "a\0"}
    event = parsed(JOINED | {"participant": JOINED["participant"] | {"attributes": told}})
    assert event is not None
    assert event.attributes == sip_attributes(told) == {"sip.callID": "SCL_1"}
