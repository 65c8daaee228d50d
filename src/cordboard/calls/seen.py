"""What LiveKit showed of a room. Sightings may come late, twice, in any order, or not at all.

Merging takes the earliest of each instant, so the same sightings give the same whatever their
order and number.
"""

from math import inf

import msgspec

from cordboard.routing.events import Sight


class Sighting(msgspec.Struct, frozen=True):
    """Something that was seen of somebody in a room, by an event or by looking.

    Attributes:
        participant_sid: Who; empty when the room itself is meant.
        kind: ``sip``, ``agent`` …; empty where it is not said.
        because: For leaving: LiveKit's ``disconnect_reason``.
    """

    sight: Sight
    participant_sid: str
    at_ms: int
    kind: str = ""
    because: str = ""


class Presence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's time in a room, as far as it is known."""

    kind: str = ""
    joined_ms: int | None = None
    audio_ms: int | None = None
    left_ms: int | None = None
    because: str = ""

    @property
    def is_here(self) -> bool:
        """Whether they came and have not left."""
        return (self.joined_ms is not None or self.audio_ms is not None) and self.left_ms is None


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room.

    Attributes:
        presences: Participant → their time in it.
        is_forgotten: Its call's record was deleted, so nothing of it is recorded again.
    """

    presences: dict[str, Presence] = {}
    finished_ms: int | None = None
    is_forgotten: bool = False

    @property
    def caller(self) -> Presence:
        """The telephone's side; unknown in all respects before anything was seen.

        It is the first that came: an agent may bring in others later, by a transfer.
        """
        callers = [each for each in self.presences.values() if each.kind == "sip"]
        return min(callers, key=_came_ms, default=Presence())

    @property
    def agents(self) -> list[Presence]:
        """The agents that came, gone ones too."""
        return [each for each in self.presences.values() if each.kind == "agent"]

    def after(self, sighting: Sighting) -> "Seen":
        """Return what is known once something more was seen."""
        if sighting.sight is Sight.ROOM_FINISHED:
            return msgspec.structs.replace(
                self, finished_ms=_earliest(self.finished_ms, sighting.at_ms)
            )
        before = self.presences.get(sighting.participant_sid, Presence())
        merged = _merged(before, sighting)
        presences = {**self.presences, sighting.participant_sid: merged}
        return msgspec.structs.replace(self, presences=dict(sorted(presences.items())))


def _merged(presence: Presence, sighting: Sighting) -> Presence:
    kind = presence.kind or sighting.kind
    if sighting.sight is Sight.JOINED:
        joined_ms = _earliest(presence.joined_ms, sighting.at_ms)
        return msgspec.structs.replace(presence, kind=kind, joined_ms=joined_ms)
    if sighting.sight is Sight.AUDIO:
        audio_ms = _earliest(presence.audio_ms, sighting.at_ms)
        return msgspec.structs.replace(presence, kind=kind, audio_ms=audio_ms)
    return msgspec.structs.replace(
        presence,
        kind=kind,
        left_ms=_earliest(presence.left_ms, sighting.at_ms),
        because=presence.because or sighting.because,
    )


def _came_ms(presence: Presence) -> float:
    return inf if presence.joined_ms is None else presence.joined_ms


def _earliest(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)
