"""Looking into rooms, for what no event told."""

import msgspec

from cordboard.calls import operations, store
from cordboard.calls.model import Call, Leg
from cordboard.calls.operations import Taken, leg_of
from cordboard.calls.seen import Sighting
from cordboard.routing.events import Sight, sip_attributes
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_shapes import Participant
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database
from cordboard.runtime.telemetry.metrics import CALLS_ENDED


class Shown(msgspec.Struct, frozen=True):
    """What a room shows: who is there, and the caller's side of its call, if a caller is."""

    sightings: list[Sighting]
    leg: Leg | None


class Looking:
    """Takes what the rooms of one LiveKit show into the records of their calls."""

    def __init__(self, db: Database, livekit: LiveKit, clock: Clock) -> None:
        """Look at nothing yet."""
        self.cluster_id = livekit.cluster_id
        self._db = db
        self._livekit = livekit
        self._clock = clock

    async def look(self, room: str, key: str, call_id: str = "") -> Taken | None:
        """Take who is in a room, and who is not any more, into its call's record.

        Of a room without a caller that is of no call nothing is kept.

        Args:
            room: The room's name.
            key: What tells it from others.
            call_id: Its call, where that is known.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        # What is known is read first: whoever comes after that is not taken for gone.
        known = await self._db.read(store.find_followed, self.cluster_id, call_id)
        shown = await self.shown(room)
        if known is None and shown.leg is None:
            return None
        here = {each.participant_sid for each in shown.sightings}
        presences = {} if known is None else known[1].presences
        now_ms = self._clock()
        gone = [
            Sighting(Sight.LEFT, sid, now_ms)
            for sid, presence in presences.items()
            if presence.is_here and sid not in here
        ]
        return await self.note((key, room), Shown(shown.sightings + gone, shown.leg))

    async def shown(self, room: str) -> Shown:
        """Return what a room shows at this moment.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        people = await self._livekit.list_participants(room)
        now_ms = self._clock()
        legs = (
            leg_of(sip_attributes(one.attributes), one.joined_ms)
            for one in people
            if one.kind == "sip"
        )
        return Shown(
            sightings=[each for one in people for each in _sightings(one, now_ms)],
            leg=next((leg for leg in legs if leg is not None), None),
        )

    async def note_gone(self, call: Call) -> Taken | None:
        """Take into a call's record that its room is not there any more."""
        finished = Sighting(Sight.ROOM_FINISHED, "", self._clock())
        return await self.note((call.room_sid, call.room), Shown([finished], None))

    async def note(self, room: tuple[str, str], shown: Shown) -> Taken | None:
        """Take what a room, by its key and its name, has shown into its call's record."""
        taken = await self._db.write(
            operations.observe, self.cluster_id, room, shown.sightings, shown.leg
        )
        if taken is not None:
            count_end(taken)
        return taken


def count_end(taken: Taken) -> None:
    """Count a call that has just ended."""
    if taken.has_just_ended and taken.call.end_reason is not None:
        CALLS_ENDED.labels(taken.call.end_reason).inc()


def _sightings(one: Participant, now_ms: int) -> list[Sighting]:
    found = [Sighting(Sight.JOINED, one.sid, one.joined_ms, one.kind)]
    if one.is_publishing_audio:
        found.append(Sighting(Sight.AUDIO, one.sid, now_ms, one.kind))
    return found
