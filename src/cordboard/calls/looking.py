"""Looking into rooms, for what no event told."""

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


class Looking:
    """Takes what the rooms of one LiveKit show into the records of their calls."""

    def __init__(self, db: Database, livekit: LiveKit, clock: Clock) -> None:
        """Look at nothing yet."""
        self._db = db
        self._livekit = livekit
        self._clock = clock

    async def look(self, room: str, key: str, call_id: str = "") -> Taken | None:
        """Take who is in a room, and who is not any more, into its call's record.

        Args:
            room: The room's name.
            key: What tells it from others.
            call_id: Its call, where that is known.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        # What is known is read first: whoever comes after that is not taken for gone.
        known = await self._db.read(store.find_followed, self._livekit.cluster_id, call_id)
        people = await self._livekit.list_participants(room)
        now_ms = self._clock()
        sightings = [each for one in people for each in _sightings(one, now_ms)]
        here = {one.sid for one in people}
        presences = {} if known is None else known[1].presences
        sightings += [
            Sighting(Sight.LEFT, sid, now_ms)
            for sid, presence in presences.items()
            if presence.is_here and sid not in here
        ]
        legs = [
            leg_of(sip_attributes(one.attributes), one.joined_ms)
            for one in people
            if one.kind == "sip"
        ]
        leg = next((leg for leg in legs if leg is not None), None)
        return await self._observe((key, room), sightings, leg)

    async def note_gone(self, call: Call) -> Taken | None:
        """Take into a call's record that its room is not there any more."""
        finished = Sighting(Sight.ROOM_FINISHED, "", self._clock())
        return await self._observe((call.room_sid, call.room), [finished], None)

    async def _observe(
        self, room: tuple[str, str], sightings: list[Sighting], leg: Leg | None
    ) -> Taken | None:
        cluster_id = self._livekit.cluster_id
        taken = await self._db.write(operations.observe, cluster_id, room, sightings, leg)
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
