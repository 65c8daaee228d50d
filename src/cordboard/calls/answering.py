"""Answering calls that ring: send for the agent, hold it to its deadlines, end what has no agent.

What is to be done follows from the database (``steps.py``), and every step forward is a change
there that only one decider can make. So any number of them may follow the same call: after a
restart, for a lost event, on several nodes.
"""

import asyncio
from collections.abc import Mapping

import msgspec
import structlog

from cordboard.calls import operations, store
from cordboard.calls.model import Call, Leg
from cordboard.calls.operations import Taken, leg_of
from cordboard.calls.seen import Seen, Sighting
from cordboard.calls.steps import AskAgain, Deadlines, EndRoom, GoOn, Wait, next_step
from cordboard.routing.events import LiveKitEvent, Sight, is_room_of_calls, sip_attributes
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_shapes import Dispatch, Participant, Room
from cordboard.routing.model import Target
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import DomainError
from cordboard.runtime.repeating import Work
from cordboard.runtime.telemetry.metrics import CALLS_ENDED

log = structlog.get_logger(__name__)

POLL_EVERY_S = 1.0
PATIENCE_MS = 1500
"""How long events may take before a room is looked at."""

RETRY_S = 0.5
REPEAT_END_S = 2.0
LOOK_AT_ANSWERED_EVERY = 3
"""Turns of the poller between two looks at a call that is answered and quiet."""


class _Ours(msgspec.Struct):
    """Job metadata, as far as it tells a dispatch of Cordboard's."""

    cordboard: int


class Answering:
    """Follows the calls of one LiveKit, each in a task of its own for as long as there is work."""

    def __init__(
        self,
        db: Database,
        livekit: LiveKit,
        clock: Clock,
        deadlines: Deadlines,
        secrets: Mapping[str, str],
    ) -> None:
        """Follow nothing yet; the poller picks up what is under way.

        Args:
            db: The database.
            livekit: The LiveKit whose calls are answered.
            clock: The present.
            deadlines: How long agents may take.
            secrets: API key → secret, of the keys that may sign this LiveKit's events.
        """
        self.secrets = secrets
        self._db = db
        self._livekit = livekit
        self._clock = clock
        self._deadlines = deadlines
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: set[str] = set()
        self._turn = 0

    @property
    def works(self) -> list[Work]:
        """What a process with calls repeats."""
        return [Work("poll_calls", self.poll, POLL_EVERY_S)]

    async def take(self, event: LiveKitEvent) -> None:
        """Commit what an event says, and go on with its call in the background.

        Raises:
            DatabaseUnavailableError: It is not committed; LiveKit sends it again.
        """
        taken = await self._db.write(operations.record_event, self._livekit.cluster_id, event)
        if taken is not None:
            _count(taken)
            self._follow(taken)

    def notice(self, call: Call) -> None:
        """Go on with a call that was changed by somebody else."""
        self._follow(Taken(call, is_new=False))

    async def poll(self) -> None:
        """Look for what no event told: rooms without a record, calls without a room, deadlines.

        Raises:
            LiveKitError: LiveKit cannot be asked.
        """
        self._turn += 1
        rooms = {
            room.sid: room
            for room in await self._livekit.list_rooms()
            if is_room_of_calls(room.name)
        }
        up = await self._db.scan(store.list_up, self._livekit.cluster_id)
        known = {call.room_sid for call in up}
        self._strangers &= rooms.keys()
        for room in rooms.values():
            if room.sid not in known and room.sid not in self._strangers:
                await self._look_at_unknown(room)
        for call in up:
            await self._look_after(call, rooms.get(call.room_sid))

    async def stop(self) -> None:
        """Leave everything as it is; whoever polls next goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look_at_unknown(self, room: Room) -> None:
        """Begin the record of a call whose events were lost, if it is one of ours."""
        age_ms = self._clock() - room.created_ms
        if age_ms < PATIENCE_MS:
            return
        taken = await self._look(room.name, room.sid)
        if taken is not None:
            self._follow(taken)
        elif age_ms > 40 * PATIENCE_MS:
            self._strangers.add(room.sid)

    async def _look_after(self, call: Call, room: Room | None) -> None:
        """See what events did not tell about a call that is up, and go on with it."""
        if self._clock() - call.started_ms < PATIENCE_MS:
            return
        taken: Taken | None = None
        if room is None:
            finished = Sighting(Sight.ROOM_FINISHED, "", self._clock())
            taken = await self._observe((call.room_sid, call.room), [finished], None)
        elif call.answered_ms is None or self._turn % LOOK_AT_ANSWERED_EVERY == 0:
            taken = await self._look(call.room, call.room_sid, call.call_id)
        self._follow(taken or Taken(call, is_new=False))

    async def _look(self, room: str, room_sid: str, call_id: str = "") -> Taken | None:
        """Take who is in a room, and who is not any more, into its call's record."""
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
        return await self._observe((room_sid, room), sightings, leg)

    async def _observe(
        self, room: tuple[str, str], sightings: list[Sighting], leg: Leg | None
    ) -> Taken | None:
        cluster_id = self._livekit.cluster_id
        taken = await self._db.write(operations.observe, cluster_id, room, sightings, leg)
        if taken is not None:
            _count(taken)
        return taken

    def _follow(self, taken: Taken) -> None:
        """Go on with a call, in its task, or in a new one."""
        call = taken.call
        if call.ended_ms is not None and call.call_id not in self._news:
            return
        if (news := self._news.get(call.call_id)) is not None:
            news.set()
            return
        self._news[call.call_id] = asyncio.Event()
        task = asyncio.create_task(self._followed(taken), name=call.call_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _followed(self, taken: Taken) -> None:
        """Do what is to be done about a call until nothing is, save for new events."""
        call_id = taken.call.call_id
        news = self._news[call_id]
        is_asked_here = taken.is_new and taken.call.is_decided_here
        pause_s: float | None = 0
        try:
            while pause_s is not None:
                try:
                    if is_asked_here and taken.call.closing_ms is None:
                        is_asked_here = False
                        await self._send_for_agent(taken.call, looks_first=False)
                    pause_s = await self._advance(call_id)
                except DomainError as error:
                    log.warning("call_step_failed", call_id=call_id, code=error.code)
                    pause_s = RETRY_S
                if pause_s is not None:
                    await _until(news, pause_s)
                if news.is_set():
                    news.clear()
                    pause_s = pause_s or 0
        finally:
            del self._news[call_id]

    async def _advance(self, call_id: str) -> float | None:
        """Take one step with a call; return when to look again, None for not before an event."""
        found = await self._db.read(store.find_followed, self._livekit.cluster_id, call_id)
        if found is None:
            return None
        call, seen = found
        step = next_step(call, seen, self._clock(), self._deadlines)
        if isinstance(step, Wait):
            return None if step.until_ms is None else (step.until_ms - self._clock()) / 1000
        if isinstance(step, EndRoom):
            return await self._end_room(call, seen)
        if isinstance(step, AskAgain):
            asked = await self._db.write(operations.ask_again, call)
            if asked is not None:
                await self._send_for_agent(asked, looks_first=True)
            return 0
        return await self._go_on(call, step)

    async def _go_on(self, call: Call, step: GoOn) -> float:
        """Let the next agent take over, or end the call; look first, for events may be late."""
        await self._look(call.room, call.room_sid, call.call_id)
        found = await self._db.read(store.find_followed, call.cluster_id, call.call_id)
        if found is None or next_step(*found, self._clock(), self._deadlines) != step:
            return 0
        if call.next_target is None:
            await self._db.write(operations.give_up, found[0], step.reason)
            return 0
        following = await self._db.write(operations.try_next, found[0])
        if following is not None:
            log.info("call_agent_failed", call_id=call.call_id, reason=step.reason)
            await self._send_for_agent(following, looks_first=True)
        return 0

    async def _send_for_agent(self, call: Call, *, looks_first: bool) -> None:
        """Dispatch a call's present agent, once: earlier ones go, and of several one stays.

        CreateDispatch is not idempotent, so what is there is listed afterwards; every decider that
        created one lists, and all leave the lowest id.
        """
        target = call.target
        if target is None:
            return
        if looks_first:
            ours = await self._ours(call)
            for dispatch in ours:
                if dispatch.metadata != target.metadata:
                    await self._livekit.delete_dispatch(call.room, dispatch.dispatch_id)
            if any(dispatch.metadata == target.metadata for dispatch in ours):
                await self._settle(call, target)
                return
        await self._livekit.create_dispatch(call.room, target)
        await self._settle(call, target)

    async def _settle(self, call: Call, target: Target) -> None:
        """Leave one dispatch of the present agent, and note it."""
        mine = sorted(
            dispatch.dispatch_id
            for dispatch in await self._ours(call)
            if dispatch.metadata == target.metadata
        )
        for surplus in mine[1:]:
            await self._livekit.delete_dispatch(call.room, surplus)
        if not mine:
            return
        noted = await self._db.write(operations.note_dispatch, call, mine[0])
        if noted is None:
            await self._clear_up(call)

    async def _clear_up(self, call: Call) -> None:
        """Close the room of a call that ended before its dispatch came: that opened it again."""
        found = await self._db.read(store.find_followed, call.cluster_id, call.call_id)
        if found is None or found[0].ended_ms is not None:
            await self._livekit.delete_room(call.room)

    async def _ours(self, call: Call) -> list[Dispatch]:
        dispatches = await self._livekit.list_dispatches(call.room)
        return [dispatch for dispatch in dispatches if _is_ours(dispatch)]

    async def _end_room(self, call: Call, seen: Seen) -> float | None:
        """End a call, after looking once more where the caller's audio was not seen."""
        if seen.caller.audio_ms is None:
            await self._look(call.room, call.room_sid, call.call_id)
        await self._livekit.delete_room(call.room)
        return REPEAT_END_S


def _count(taken: Taken) -> None:
    if taken.has_just_ended and taken.call.end_reason is not None:
        CALLS_ENDED.labels(taken.call.end_reason).inc()


async def _until(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await news.wait()
    except TimeoutError:
        return


def _is_ours(dispatch: Dispatch) -> bool:
    try:
        return msgspec.json.decode(dispatch.metadata, type=_Ours).cordboard == 1
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _sightings(one: Participant, now_ms: int) -> list[Sighting]:
    found = [Sighting(Sight.JOINED, one.sid, one.joined_ms, one.kind)]
    if one.is_publishing_audio:
        found.append(Sighting(Sight.AUDIO, one.sid, now_ms, one.kind))
    return found
