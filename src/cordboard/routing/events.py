"""LiveKit's events: whether LiveKit sent them, and what they say about calls.

The token is verified before the body is read, the body against the hash in the token. Only what a
call record needs leaves this module; the rest of a body, secrets such as ``turnPassword`` among
it, is dropped here.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from cordboard.routing.event_token import EventUnverifiedError
from cordboard.routing.topology import ROOM_PREFIX
from cordboard.runtime.errors import InvalidError

LARGEST_EVENT = 256 * 1024
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: no record is dated later."""
PROBE_PREFIX = "cordboard-probe_"
"""What the names of rooms begin with in which agents are probed; no call's room is named so."""


class Sight(StrEnum):
    """What can be seen of somebody in a room, or of the room: a closed set."""

    JOINED = "joined"
    AUDIO = "audio"
    LEFT = "left"
    ROOM_STARTED = "room_started"
    ROOM_FINISHED = "room_finished"


_OF_ROOMS = (Sight.ROOM_STARTED, Sight.ROOM_FINISHED)
_SIGHTS = {
    "room_started": Sight.ROOM_STARTED,
    "participant_joined": Sight.JOINED,
    "track_published": Sight.AUDIO,
    "participant_left": Sight.LEFT,
    "participant_connection_aborted": Sight.LEFT,
    "room_finished": Sight.ROOM_FINISHED,
}


class LiveKitEvent(msgspec.Struct, frozen=True):
    """What an event says about somebody in a room.

    Attributes:
        room_sid: The room; its name holds the caller's number and stays out of logs.
        participant_sid: Who; empty when the room itself is meant.
        kind: ``sip``, ``agent`` or another of LiveKit's kinds; empty where the event does not say,
            or says one that has no name.
        joined_ms: When they joined, 0 where the event does not say.
        created_s: When it happened, in whole seconds: LiveKit tells no more.
        attributes: Of a SIP participant, those that begin with ``sip.``.
    """

    event_id: str
    sight: Sight
    room_sid: str
    room: str
    participant_sid: str
    kind: str
    joined_ms: int
    created_s: int
    disconnect_reason: str
    attributes: dict[str, str]


EnumValue = str | int
"""The name of a value; the number of one that LiveKit itself has no name for
(https://protobuf.dev/programming-guides/json/)."""


class _Room(msgspec.Struct):
    sid: str = ""
    name: str = ""


class _Participant(msgspec.Struct, rename="camel"):
    sid: str = ""
    kind: EnumValue = ""
    joined_at: str = "0"
    joined_at_ms: str = "0"
    disconnect_reason: EnumValue = ""
    attributes: dict[str, str] = {}


class _Track(msgspec.Struct):
    type: EnumValue = "AUDIO"


class _Body(msgspec.Struct, rename="camel"):
    event: str
    id: Annotated[str, msgspec.Meta(min_length=1)]
    created_at: str = "0"
    room: _Room | None = None
    participant: _Participant | None = None
    track: _Track | None = None


_body = msgspec.json.Decoder(_Body)


def parsed_event(raw: bytes, expected_hash: str) -> LiveKitEvent | None:
    """Return what an event says about a call; None for one that says nothing about any.

    Args:
        raw: The body, byte for byte.
        expected_hash: What the token says.

    Raises:
        EventUnverifiedError: The body is not the one that was signed.
        InvalidError: It is no event.
    """
    digest = base64.b64encode(hashlib.sha256(raw).digest())
    if not hmac.compare_digest(digest, expected_hash.encode()):
        raise EventUnverifiedError("The body is not the one that the token was made for")
    try:
        body = _body.decode(raw)
        return _event(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidError("body", "json", "is no event of LiveKit's") from error


def _event(body: _Body) -> LiveKitEvent | None:
    sight = _SIGHTS.get(body.event)
    room, who = body.room, body.participant or _Participant()
    if sight is None or room is None or not room.sid or not _is_ours(room.name):
        return None
    if sight is Sight.AUDIO and body.track is not None and body.track.type != "AUDIO":
        return None
    if sight not in _OF_ROOMS and not who.sid:
        return None
    kind = _name_of(who.kind).lower()
    attributes = sip_attributes(who.attributes) if kind == "sip" else {}
    if not is_keepable(body.id + room.sid + who.sid):
        raise ValueError(body.event)
    return LiveKitEvent(
        event_id=body.id,
        sight=sight,
        room_sid=room.sid,
        room=room.name,
        participant_sid=who.sid,
        kind=kind,
        joined_ms=_instant(int(who.joined_at_ms) or int(who.joined_at) * 1000),
        created_s=_instant(int(body.created_at) * 1000) // 1000,
        disconnect_reason=_name_of(who.disconnect_reason),
        attributes=attributes,
    )


def _name_of(value: EnumValue) -> str:
    return value if isinstance(value, str) else ""


def _instant(at_ms: int) -> int:
    if not 0 <= at_ms <= LATEST_MS:
        raise ValueError(at_ms)
    return at_ms


def _is_ours(name: str) -> bool:
    return is_room_of_calls(name) or (name.startswith(PROBE_PREFIX) and is_keepable(name))


def is_room_of_calls(name: str) -> bool:
    """Whether a room's name is of the kind that our rules give; others are never looked at.

    Nor is one whose name cannot be kept: it holds what a caller calls itself.
    """
    return name.startswith(f"{ROOM_PREFIX}_") and is_keepable(name)


def sip_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return those attributes that tell about the SIP call, as far as they can be kept."""
    return {
        name: value
        for name, value in attributes.items()
        if name.startswith("sip.") and is_keepable(name + value)
    }


def is_keepable(text: str) -> bool:
    """Whether a text of LiveKit's may go to the database: PostgreSQL keeps no NUL."""
    return "\0" not in text
