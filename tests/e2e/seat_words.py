"""What is said between those who want places in rooms and the process that takes them.

Each message is a line of JSON and names the seat it is about.
"""

import msgspec


class Take(msgspec.Struct, frozen=True, tag=True):
    """Join a room.

    Attributes:
        seat: How it is called from now on.
        pitch_hz: The tone that it speaks with.
        is_telephone: Whether it asks for audio itself, as livekit-sip does, and tells of it.
    """

    seat: int
    url: str
    token: str
    pitch_hz: int
    is_telephone: bool


class Speak(msgspec.Struct, frozen=True, tag=True):
    """Be heard from now on."""

    seat: int


class Say(msgspec.Struct, frozen=True, tag=True):
    """Say how the call stands."""

    seat: int
    status: str


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Leave the room, for one of LiveKit's reasons."""

    seat: int
    reason: int


class Taken(msgspec.Struct, frozen=True, tag=True):
    """It is in its room, as the participant of this id."""

    seat: int
    sid: str


class NotLetIn(msgspec.Struct, frozen=True, tag=True):
    """The server did not let it in, or is not there; no more is heard of it."""

    seat: int


class Heard(msgspec.Struct, frozen=True, tag=True):
    """Somebody's audio has come."""

    seat: int


class Said(msgspec.Struct, frozen=True, tag=True):
    """It has been said, or there is no room any more."""

    seat: int


class Out(msgspec.Struct, frozen=True, tag=True):
    """The room is left, by whatever side."""

    seat: int


class Left(msgspec.Struct, frozen=True, tag=True):
    """It has left as it was told; no more is heard of it."""

    seat: int


Order = Take | Speak | Say | Leave
News = Taken | NotLetIn | Heard | Said | Out | Left
