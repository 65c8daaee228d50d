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
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.runtime.clock import Clock


class Closing:
    """Ends the calls of one LiveKit."""

    def __init__(self, livekit: LiveKit, clock: Clock, deadlines: Deadlines) -> None:
        """End nothing yet."""
        self._livekit = livekit
        self._clock = clock
        self._deadlines = deadlines

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
        """Whether a worker may have taken the job of a call's present agent, and has not come.

        A call that is refused has been sent an agent where LiveKit has sent for it, by its own
        rule.
        """
        now_ms, deadlines = self._clock(), self._deadlines
        is_sent = call.target is not None or not call.is_decided_here
        if not is_sent or len(seen.agents) > call.attempt:
            return False
        if now_ms >= (call.closing_ms or 0) + deadlines.late_ms:
            return False
        try:
            dispatches = await self._livekit.list_dispatches(call.room)
        except LiveKitError:
            # The caller hears an end whatever else is wrong.
            return False
        is_listed = now_ms >= max(call.asked_ms, call.started_ms) + deadlines.listed_ms
        return any(dispatch.worker_ids or not is_listed for dispatch in dispatches)
