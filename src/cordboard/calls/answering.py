"""Answering calls that ring: send for the agent, hold it to its deadlines, end what has no agent.

Outbound calls are followed here too; their steps are in ``outbound/dialling.py``.

What is to be done follows from the database (``steps.py``), and every step forward is a change
there that only one decider can make. So any number of them may follow the same call: after a
restart, for a lost event, on several nodes.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from cordboard.calls import operations, store
from cordboard.calls.closing import Closing
from cordboard.calls.dispatching import Dispatching
from cordboard.calls.early import EarlyLooks
from cordboard.calls.looking import Looking, count_end
from cordboard.calls.looks import Look, look_everywhere
from cordboard.calls.model import Call, room_key
from cordboard.calls.operations import Taken
from cordboard.calls.outbound.dialling import Dialler
from cordboard.calls.outbound.model import CallRules
from cordboard.calls.outbound.scheduling import Scheduling
from cordboard.calls.seen import Seen
from cordboard.calls.steps import AskAgain, Deadlines, EndRoom, GoOn, Wait, next_step
from cordboard.routing.events import LiveKitEvent, Sight, is_room_of_calls
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_shapes import Room
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database, UniqueViolationError
from cordboard.runtime.errors import DomainError
from cordboard.runtime.repeating import Work

log = structlog.get_logger(__name__)

POLL_EVERY_S = 1.0
FOLLOW_EVERY_S = 0.4
"""How often a process looks for outbound calls to make, and for kill switches."""

PATIENCE_MS = 1500
"""How long events may take before a room is looked at."""

LONGEST_MS = 25 * 3_600_000
"""Longer than LiveKit lets any call last (24 h): a room that is listed still is left of a server
that died."""

RETRY_S = 0.5
REPEAT_END_S = 2.0
LOOK_AT_ANSWERED_EVERY = 3
"""Turns of the poller between two looks at a call that is answered and quiet."""


class _Followed:
    """A call that is being followed, and what has become known of it since it was looked at.

    Attributes:
        news: Set while there is some.
    """

    def __init__(self, taken: Taken) -> None:
        """Begin with what came of its first event."""
        self.news = asyncio.Event()
        self._latest: Taken | None = taken

    def tell(self, taken: Taken) -> None:
        """Wake whoever follows it."""
        self._latest = taken
        self.news.set()

    def taken(self) -> Taken | None:
        """Return what is new, as of the latest event, or None."""
        latest, self._latest = self._latest, None
        self.news.clear()
        return latest


class Answering:
    """Follows the calls of one LiveKit, each in a task of its own for as long as there is work.

    Attributes:
        secrets: API key → secret, of the keys that may sign this LiveKit's events.
        outbound_rules: What the installation decides about outbound calls.
    """

    def __init__(
        self,
        db: Database,
        livekit: LiveKit,
        clock: Clock,
        deadlines: Deadlines,
        secrets: Mapping[str, str],
        *,
        requires_registered_agents: bool = False,
    ) -> None:
        """Follow nothing yet; the poller picks up what is under way.

        Args:
            db: The database.
            livekit: The LiveKit whose calls are answered.
            clock: The present.
            deadlines: How long agents and dials may take.
            secrets: API key → secret, of the keys that may sign this LiveKit's events.
            requires_registered_agents: Whether no call is made for a name that only LiveKit knows.
        """
        self.secrets = secrets
        self.outbound_rules = CallRules(
            livekit.cluster_id, deadlines.longest_s * 1000, requires_registered_agents
        )
        self._db = db
        self._livekit = livekit
        self._clock = clock
        self._deadlines = deadlines
        self._looking = Looking(db, livekit, clock)
        self._early_looks = EarlyLooks(db, self._looking, clock, self._follow)
        self._closing = Closing(livekit, clock, deadlines)
        self._dispatching = Dispatching(db, livekit, clock)
        self._dialler = Dialler(db, livekit, clock, deadlines, self.notice)
        self._scheduling = Scheduling(db, self.outbound_rules)
        self._is_called = asyncio.Event()
        self._followed: dict[str, _Followed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._left_alone: set[str] = set()
        self._turn = 0

    @property
    def works(self) -> list[Work]:
        """What a process with calls repeats."""
        return [
            Work("poll_calls", self.poll, POLL_EVERY_S),
            Work("follow_outbound_calls", self.follow_outbound, 0),
        ]

    async def take(self, event: LiveKitEvent) -> None:
        """Commit what an event says, and go on with its call in the background.

        Raises:
            DatabaseUnavailableError: It is not committed; LiveKit sends it again.
        """
        self._early_looks.heed(event)
        if event.sight is Sight.ROOM_STARTED:
            return
        # Somebody waits for a call that begins to be sent its agent, and for nothing else.
        begins = event.sight is Sight.JOINED and event.kind == "sip"
        write = self._db.write if begins else self._db.write_patiently
        try:
            taken = await write(operations.record_event, self._livekit.cluster_id, event)
        except UniqueViolationError:
            # The call has its record, of a room that was closed. The poller closes this one, too.
            return
        if taken is not None:
            count_end(taken)
            self._follow(taken)

    def notice(self, call: Call) -> None:
        """Go on with a call that was changed by somebody else."""
        self._follow(Taken(call, seen=None))

    def look_for_outbound(self) -> None:
        """Look at once whether there is a call to make."""
        self._is_called.set()

    async def follow_outbound(self) -> None:
        """Wait a moment, or until there is a call to make; go on with those that wait."""
        await _until(self._is_called, FOLLOW_EVERY_S)
        self._is_called.clear()
        await self._scheduling.start_due()
        for call in await self._dialler.calls_to_follow():
            self.notice(call)

    async def poll(self) -> None:
        """Look for what no event told: rooms without a record, calls without a room, deadlines.

        Raises:
            DomainError: LiveKit cannot be asked, or some of the looks have failed.
        """
        self._turn += 1
        asked_ms = self._clock()
        rooms = {
            room_key(room.sid, room.name): room
            for room in await self._livekit.list_rooms()
            if is_room_of_calls(room.name)
        }
        up = await self._db.scan(store.list_up, self._livekit.cluster_id)
        known = {call.room_sid for call in up}
        self._left_alone &= rooms.keys()
        looks: list[Look] = [
            partial(self._look_at_unknown, room, key)
            for key, room in rooms.items()
            if key not in known and key not in self._left_alone
        ]
        looks += [partial(self._look_after, one, rooms.get(one.room_sid), asked_ms) for one in up]
        await look_everywhere(looks, self._turn)

    async def stop(self) -> None:
        """Leave everything as it is; whoever polls next goes on."""
        await self._early_looks.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dialler.stop()

    async def _look_at_unknown(self, room: Room, key: str) -> None:
        """Begin the record of a call whose events were lost, or tidy up after one that ended."""
        age_ms = self._clock() - room.created_ms
        if age_ms < PATIENCE_MS:
            return
        found = await self._db.read(store.find_in_room, self._livekit.cluster_id, key)
        if found is not None and found[0].ended_ms is not None:
            await self._tidy_up(*found)
            return
        try:
            taken = await self._looking.look(room.name, key, room.name)
        except UniqueViolationError:
            # A caller whose room was closed while they joined has opened it again: that call ended.
            await self._livekit.delete_room(room.name)
            return
        if taken is not None:
            self._follow(taken)
        elif age_ms > 40 * PATIENCE_MS:
            self._left_alone.add(key)

    async def _tidy_up(self, call: Call, seen: Seen) -> None:
        """Close the room of a call that Cordboard has ended, or that it had opened.

        A dial or an agent that came late may have opened it again. Where a caller has left, LiveKit
        closes the room when it is time.
        """
        if call.dial is None and call.closing_ms is None:
            self._left_alone.add(call.room_sid)
        else:
            await self._closing.clear_up(call, seen)

    async def _look_after(self, call: Call, room: Room | None, asked_ms: int) -> None:
        """See what events did not tell about a call that is up, and go on with it.

        Args:
            call: The call.
            room: Its room, or None when it was not in the list.
            asked_ms: When that list was asked for: a room made after that is not in it.
        """
        if asked_ms - call.created_ms < PATIENCE_MS:
            return
        taken: Taken | None = None
        if room is None or asked_ms - call.started_ms > LONGEST_MS:
            is_made = call.dial is None or call.dispatch_id != ""
            changed_ms = call.started_ms if call.dial is None else call.updated_ms
            if is_made and asked_ms - changed_ms >= PATIENCE_MS:
                taken = await self._looking.note_gone(call)
        elif call.answered_ms is None or self._turn % LOOK_AT_ANSWERED_EVERY == 0:
            taken = await self._looking.look(call.room, call.room_sid, call.call_id)
        self._follow(taken or Taken(call, seen=None))

    def _follow(self, taken: Taken) -> None:
        """Go on with a call, in its task, or in a new one."""
        call = taken.call
        if call.ended_ms is not None and call.call_id not in self._followed:
            return
        if (followed := self._followed.get(call.call_id)) is not None:
            followed.tell(taken)
            return
        self._followed[call.call_id] = followed = _Followed(taken)
        task = asyncio.create_task(self._go_with(taken, followed), name=call.call_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_with(self, first: Taken, followed: _Followed) -> None:
        """Do what is to be done about a call until nothing is, save for new events."""
        call = first.call
        is_asked_here = first.is_new and call.is_decided_here and call.asked_ms > 0
        sends = is_asked_here and call.closing_ms is None
        pause_s: float | None = 0
        try:
            while pause_s is not None:
                latest = followed.taken()
                try:
                    if sends:
                        sends, latest = False, None
                        await self._dispatching.send_for_agent(call, looks_first=False)
                    pause_s = await self._advance(call.call_id, latest)
                except DomainError as error:
                    log.warning("call_step_failed", call_id=call.call_id, code=error.code)
                    pause_s = RETRY_S
                if pause_s is not None:
                    await _until(followed.news, pause_s)
                if followed.news.is_set():
                    pause_s = pause_s or 0
        finally:
            del self._followed[call.call_id]

    async def _advance(self, call_id: str, latest: Taken | None) -> float | None:
        """Take one step with a call; return when to look again, None for not before an event.

        Args:
            call_id: Which.
            latest: What came of the latest event; None where it has to be looked up. Another
                decider may have gone on since: so has every step to hold its own against the
                database.
        """
        if latest is not None and latest.seen is not None:
            call, seen = latest.call, latest.seen
        else:
            found = await self._db.read(store.find_followed, self._livekit.cluster_id, call_id)
            if found is None:
                return None
            call, seen = found
        if call.dial is not None:
            return await self._dialler.advance(call, seen)
        step = next_step(call, seen, self._clock(), self._deadlines)
        if isinstance(step, Wait):
            return None if step.until_ms is None else (step.until_ms - self._clock()) / 1000
        if isinstance(step, EndRoom):
            return await self._end_room(call, seen)
        if isinstance(step, AskAgain):
            asked = await self._db.write(operations.ask_again, call)
            if asked is not None:
                await self._dispatching.send_for_agent(asked, looks_first=True)
            return 0
        return await self._go_on(call, step)

    async def _go_on(self, call: Call, step: GoOn) -> float:
        """Let the next agent take over, or end the call; look first, for events may be late."""
        await self._looking.look(call.room, call.room_sid, call.call_id)
        found = await self._db.read(store.find_followed, call.cluster_id, call.call_id)
        if found is None or next_step(*found, self._clock(), self._deadlines) != step:
            return 0
        if call.next_target is None:
            await self._db.write(operations.give_up, *found, step.reason)
            return 0
        following = await self._db.write(operations.try_next, *found)
        if following is not None:
            log.info("call_agent_failed", call_id=call.call_id, reason=step.reason)
            await self._dispatching.send_for_agent(following, looks_first=True)
        return 0

    async def _end_room(self, call: Call, seen: Seen) -> float | None:
        """End a call, after looking once more where the caller's audio was not seen."""
        if seen.caller.audio_ms is None:
            await self._looking.look(call.room, call.room_sid, call.call_id)
        await self._closing.end(call, seen)
        return REPEAT_END_S


async def _until(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await news.wait()
    except TimeoutError:
        return
