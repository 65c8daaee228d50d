"""Sending for a call's agent, once, however many send for it."""

import msgspec

from cordboard.calls import operations, store
from cordboard.calls.model import Call
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.livekit_shapes import Dispatch
from cordboard.routing.model import AgentVersion, Target, key_of
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database

SEND_WITHIN_MS = 1_000
"""How long after it took over a call a decider may send: soon after that, another may take over."""


class _Ours(msgspec.Struct):
    """Job metadata, as far as it tells a dispatch of Cordboard's, and whom it is for."""

    cordboard: int
    agent_id: str = ""
    agent_version: int = 0


class Dispatching:
    """Sends for the agents of calls at one LiveKit, and keeps to one at a time."""

    def __init__(self, db: Database, livekit: LiveKit, clock: Clock) -> None:
        """Send for nobody yet."""
        self._db = db
        self._livekit = livekit
        self._clock = clock

    async def send_for_agent(self, call: Call, *, looks_first: bool) -> None:
        """Dispatch a call's present agent, once: earlier ones go, and of several one stays.

        CreateDispatch is not idempotent. Whoever sends for the first agent of a call that nobody
        has taken over meanwhile is alone, and notes its dispatch; else what is there is listed
        afterwards: every decider that created one lists, and all leave the lowest id. A decider
        that was held up since it took the call over takes it over again first, and sends for
        nobody if another has meanwhile.

        Args:
            call: Which.
            looks_first: Whether somebody may have sent for an agent of this call before.

        Raises:
            LiveKitError: It is not known to be sent for, which is noted where somebody's telephone
                rings meanwhile; asking again is safe.
        """
        try:
            await self._send(call, looks_first=looks_first)
        except LiveKitError:
            if call.dial is None:
                await self._db.write(operations.note_refused, call)
            raise

    async def _send(self, call: Call, *, looks_first: bool) -> None:
        target = call.target
        if target is None:
            return
        if looks_first:
            ours = await self._ours(call)
            for dispatch in ours:
                if not _is_for(dispatch, call, target):
                    await self._livekit.delete_dispatch(call.room, dispatch.dispatch_id)
            if any(_is_for(dispatch, call, target) for dispatch in ours):
                await self._settle(call, target)
                return
        while self._clock() - call.asked_ms >= SEND_WITHIN_MS:
            again = await self._db.write(operations.ask_again, call)
            if again is None:
                return
            call = again
        dispatch_id = await self._livekit.create_dispatch(call.room, target)
        if looks_first or await self._noted(call, dispatch_id) is None:
            await self._settle(call, target)

    async def _settle(self, call: Call, target: Target) -> None:
        """Leave one dispatch of the present agent, and note it."""
        mine = sorted(
            dispatch.dispatch_id
            for dispatch in await self._ours(call)
            if _is_for(dispatch, call, target)
        )
        for surplus in mine[1:]:
            await self._livekit.delete_dispatch(call.room, surplus)
        if mine and await self._noted(call, mine[0]) is None:
            await self._clear_up(call, mine[0])

    async def _noted(self, call: Call, dispatch_id: str) -> Call | None:
        """Note which dispatch stays; None when the call is not where it was."""
        return await self._db.write_patiently(operations.note_dispatch, call, dispatch_id)

    async def _clear_up(self, call: Call, dispatch_id: str) -> None:
        """Call an agent off that was sent for too late.

        A room whose call had ended before was opened again by that, and is closed.
        """
        found = await self._db.read(store.find_followed, call.cluster_id, call.call_id)
        if found is None or found[0].ended_ms is not None:
            await self._livekit.delete_room(call.room)
        elif found[0].attempt != call.attempt:
            await self._livekit.delete_dispatch(call.room, dispatch_id)

    async def _ours(self, call: Call) -> list[Dispatch]:
        dispatches = await self._livekit.list_dispatches(call.room)
        return [dispatch for dispatch in dispatches if _is_ours(dispatch)]


def _is_ours(dispatch: Dispatch) -> bool:
    return _told(dispatch).cordboard == 1


def _is_for(dispatch: Dispatch, call: Call, target: Target) -> bool:
    """Whether a dispatch sends for a call's present agent.

    The first may have been sent for by LiveKit, by a rule that cannot know of the call.
    """
    if dispatch.metadata == target.metadata or call.attempt > 0:
        return dispatch.metadata == target.metadata
    told = _told(dispatch)
    sent = AgentVersion(
        agent_id=told.agent_id,
        agent_version=told.agent_version,
        livekit_agent_name=dispatch.agent_name,
        livekit_deployment=dispatch.deployment or None,
        is_registered=True,
    )
    return key_of(sent) == key_of(target)


def _told(dispatch: Dispatch) -> _Ours:
    try:
        return msgspec.json.decode(dispatch.metadata, type=_Ours)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Ours(cordboard=0)
