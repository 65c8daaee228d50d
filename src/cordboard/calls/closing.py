"""Ending what goes on in a call's room, without letting the room open again.

LiveKit opens a room for whoever joins it, and sends any worker without a name into a room that was
opened so (livekit-server 1.13.5). A room that is closed while its agent is joining is therefore
open again a moment later, with nobody on the telephone. So while an agent may be about to join, the
telephone's side alone is put out, which hears the same; the room goes once the agent is there, or
has had its time.
"""

from cordboard.calls.model import Call
from cordboard.calls.seen import Seen
from cordboard.calls.steps import Deadlines
from cordboard.routing.livekit import LiveKit
from cordboard.runtime.clock import Clock


class Closing:
    """Ends the calls of one LiveKit."""

    def __init__(self, livekit: LiveKit, clock: Clock, deadlines: Deadlines) -> None:
        """End nothing yet."""
        self._livekit = livekit
        self._clock = clock
        self._late_ms = deadlines.late_ms

    async def end(self, call: Call, seen: Seen) -> None:
        """End a call in its room.

        Raises:
            LiveKitError: LiveKit failed; asking again is safe.
        """
        if not await self._may_be_joined(call, seen):
            await self._livekit.delete_room(call.room)
            return
        for one in await self._livekit.list_participants(call.room):
            if one.kind == "sip":
                await self._livekit.remove_participant(call.room, one.identity)

    async def clear_up(self, call: Call, seen: Seen) -> None:
        """Close the room of a call that has ended, unless an agent may be about to join.

        Raises:
            LiveKitError: LiveKit failed; asking again is safe.
        """
        if await self._may_be_joined(call, seen):
            here = await self._livekit.list_participants(call.room)
            if not any(one.kind == "agent" for one in here):
                return
        await self._livekit.delete_room(call.room)

    async def _may_be_joined(self, call: Call, seen: Seen) -> bool:
        """Whether a worker has taken the job of a call's present agent, and has not come."""
        if call.target is None or len(seen.agents) > call.attempt:
            return False
        if self._clock() >= (call.closing_ms or 0) + self._late_ms:
            return False
        dispatches = await self._livekit.list_dispatches(call.room)
        return any(dispatch.worker_ids for dispatch in dispatches)
