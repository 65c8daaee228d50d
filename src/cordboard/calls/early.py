"""Looking for a call's caller as soon as its room is there, without waiting for the event.

LiveKit lists a participant as soon as it has joined, and tells of it once its media is connected,
15 to 50 ms later. A worker takes several times as long until it is heard, so it is sent for at once
and starts while the caller connects. A look that finds nobody, or fails, is nothing: the event
follows, and behind it the poller.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from cordboard.calls.looking import Looking
from cordboard.calls.model import Leg, room_key
from cordboard.calls.operations import Taken
from cordboard.routing.events import LiveKitEvent, Sight, is_room_of_calls
from cordboard.routing.model import IncomingCall, Refused, call_id, decide
from cordboard.routing.store import find_facts, find_own_rule
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database, ReadTx, UniqueViolationError
from cordboard.runtime.errors import DomainError

LOOK_AFTER_S = (0.0, 0.01, 0.015, 0.025)
"""The pauses before each look: the last one comes 50 ms after the first."""

TASK = "early_look"
"""The name of the tasks that look."""

AT_ONCE = 4
WITHIN_MS = 200
"""When more rooms than that are opened within that time, every millisecond of CPU counts."""


class EarlyLooks:
    """Looks into rooms that have just been opened, a few at a time."""

    def __init__(
        self, db: Database, looking: Looking, clock: Clock, follow: Callable[[Taken], None]
    ) -> None:
        """Look into no room yet; ``follow`` is given each call that is found."""
        self._db = db
        self._looking = looking
        self._clock = clock
        self._follow = follow
        self._opened_ms: deque[int] = deque(maxlen=AT_ONCE)
        self._is_told: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def heed(self, event: LiveKitEvent) -> None:
        """Look into a room that has just been opened, until an event tells who is there."""
        if event.sight is Sight.ROOM_STARTED:
            if self._is_worth_it(event):
                self._begin(event)
        elif (is_told := self._is_told.get(event.room_sid)) is not None:
            is_told.set()

    async def stop(self) -> None:
        """Look into no room any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_worth_it(self, event: LiveKitEvent) -> bool:
        """Whether there may be a caller, and few enough rooms to look into."""
        if not is_room_of_calls(event.room) or room_key(event.room_sid, event.room) == event.room:
            return False
        now_ms, opened_ms = self._clock(), self._opened_ms
        are_few = len(opened_ms) < AT_ONCE or now_ms - opened_ms[0] >= WITHIN_MS
        opened_ms.append(now_ms)
        return are_few and len(self._tasks) < AT_ONCE and event.room_sid not in self._is_told

    def _begin(self, event: LiveKitEvent) -> None:
        self._is_told[event.room_sid] = is_told = asyncio.Event()
        look = self._look(event.room_sid, event.room, is_told)
        task = asyncio.create_task(look, name=TASK)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, room_sid: str, room: str, is_told: asyncio.Event) -> None:
        try:
            with suppress(DomainError, UniqueViolationError):
                for pause_s in LOOK_AFTER_S:
                    await asyncio.sleep(pause_s)
                    if is_told.is_set() or await self._found(room_sid, room, is_told):
                        return
        finally:
            del self._is_told[room_sid]

    async def _found(self, room_sid: str, room: str, is_told: asyncio.Event) -> bool:
        """Go on with the call of a room; return whether there is nothing more to look for."""
        shown = await self._looking.shown(room)
        if shown.leg is None:
            return False
        if await self._db.read(_is_to_be_sent_for, self._looking.cluster_id, shown.leg):
            if is_told.is_set():
                return True
            taken = await self._looking.note((room_sid, room), shown)
            if taken is not None:
                self._follow(taken)
        return True


async def _is_to_be_sent_for(tx: ReadTx, cluster_id: str, leg: Leg) -> bool:
    """Whether Cordboard sends for a call's agent.

    A refusal has to wait for its caller's media anyway, and for whom LiveKit sends is on its way.
    """
    rule = await find_own_rule(tx, cluster_id, leg.rule_id)
    if rule is None or not rule.is_catch_all:
        return False
    facts = await find_facts(tx, leg.dialled)
    name = call_id(cluster_id, leg.sip_call_id)
    call = IncomingCall(name, cluster_id, leg.dialled, leg.caller, leg.joined_ms)
    return not isinstance(decide(call, facts), Refused)
