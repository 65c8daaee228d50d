"""Following outbound calls: send for the agent, dial when it is there, end what comes to nothing.

What is to be done follows from the database (``steps.py``), so any process may do it; whoever
commits the intent to dial dials, in the background, and once. What came of a dial is known to the
process that made it; the others look, and after the longest that it can take say ``unknown``.
"""

import asyncio
from collections.abc import Callable

import structlog

from cordboard.calls import operations as records
from cordboard.calls import store
from cordboard.calls.closing import Closing
from cordboard.calls.dispatching import Dispatching
from cordboard.calls.looking import Looking
from cordboard.calls.model import CARRIER_IDS, Call, EndReason, OutboundDial
from cordboard.calls.outbound import operations
from cordboard.calls.outbound.outcomes import DialOutcome, outcome_of
from cordboard.calls.outbound.reservations import is_stopped
from cordboard.calls.outbound.steps import (
    SET_UP_WITHIN_MS,
    Close,
    Dial,
    LookForOutcome,
    next_outbound_step,
)
from cordboard.calls.seen import Seen
from cordboard.calls.steps import AskAgain, Deadlines, EndRoom, GoOn
from cordboard.routing import livekit_shapes as shapes
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.runtime.clock import Clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import DomainError
from cordboard.runtime.ids import OrganizationId
from cordboard.runtime.telemetry.metrics import CALLS_ENDED, DIALS

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
REPEAT_END_S = 0.5
RETRY_S = 0.5
EMPTY_ROOM_S = 2 * SET_UP_WITHIN_MS // 1000
"""A room that is forgotten in spite of everything closes itself."""

STOPPED_AT_ONCE = 20
"""Enough that their commits cost little; the events of so many calls wait until it is done."""

ACTIVE = "active"


class Dialler:
    """Takes the steps of one LiveKit's outbound calls."""

    def __init__(
        self,
        db: Database,
        livekit: LiveKit,
        clock: Clock,
        deadlines: Deadlines,
        notice: Callable[[Call], None],
    ) -> None:
        """Dial nothing yet; ``notice`` is told of a call about which something is known."""
        self._db = db
        self._livekit = livekit
        self._clock = clock
        self._deadlines = deadlines
        self._notice = notice
        self._closing = Closing(livekit, clock, deadlines)
        self._dispatching = Dispatching(db, livekit, clock)
        self._looking = Looking(db, livekit, clock)
        self._dials: dict[str, asyncio.Task[None]] = {}

    async def calls_to_follow(self) -> list[Call]:
        """Return the calls that wait for somebody: new ones, and those that are to be ended.

        Those of organizations whose kill switch is on are ended before, without waiting for others.
        """
        up = await self._db.scan(store.list_outbound_up, self._livekit.cluster_id)
        to_stop: dict[OrganizationId, list[Call]] = {}
        for call in up:
            if call.closing_ms is None:
                to_stop.setdefault(call.organization_id, []).append(call)
        for organization_id, calls in to_stop.items():
            if await self._db.read(is_stopped, organization_id):
                await self._stop(organization_id, calls)
        return [call for call in up if call.closing_ms is not None or call.asked_ms == 0]

    async def _stop(self, organization_id: OrganizationId, calls: list[Call]) -> None:
        """Begin to end calls, many at once, and go on with them."""
        for begin in range(0, len(calls), STOPPED_AT_ONCE):
            some = calls[begin : begin + STOPPED_AT_ONCE]
            await self._db.write(operations.stop_calls, organization_id, some)
            for call in some:
                self._notice(call)

    async def advance(self, call: Call, seen: Seen) -> float | None:
        """Take one step with a call; return when to look again, None for not before an event.

        Raises:
            LiveKitError: LiveKit failed; the same step is safe to take again.
        """
        now_ms = self._clock()
        step = next_outbound_step(call, seen, now_ms, self._deadlines)
        match step:
            case EndRoom():
                return await self._end(call, seen)
            case AskAgain():
                await self._set_up(call)
            case Dial():
                await self._dial(call)
            case LookForOutcome():
                return await self._look_for_outcome(call, step)
            case GoOn(reason):
                await self._give_up(call, reason)
            case Close(reason, at_ms):
                await self._db.write(operations.close, call, reason, at_ms)
            case _:
                return None if step.until_ms is None else (step.until_ms - now_ms) / 1000
        return 0

    async def stop(self) -> None:
        """Wait for no dial any more; what comes of them is looked for by whoever is next."""
        for task in self._dials.values():
            task.cancel()
        await asyncio.gather(*self._dials.values(), return_exceptions=True)

    async def _set_up(self, call: Call) -> None:
        """Make the room and send for the agent, if nobody else is about to."""
        asked = await self._db.write(records.ask_again, call)
        if asked is not None:
            await self._livekit.create_room(call.room, EMPTY_ROOM_S)
            await self._dispatching.send_for_agent(asked, looks_first=call.asked_ms > 0)

    async def _dial(self, call: Call) -> None:
        """Commit the intent, and dial in the background; once for ever."""
        committed = await self._db.write(operations.commit_dial, call)
        if committed is None or committed.dial is None:
            return
        log.info("call_dialled", call_id=call.call_id)
        dialling = self._dialled(committed, committed.dial)
        task = asyncio.create_task(dialling, name=call.call_id)
        self._dials[call.call_id] = task
        task.add_done_callback(lambda _: self._dials.pop(call.call_id, None))

    async def _dialled(self, call: Call, intended: OutboundDial) -> None:
        """Dial, wait for what comes of it, and note that; in silence where it is not known."""
        dial = shapes.Dial(
            trunk_id=intended.trunk_id,
            from_number=call.leg.caller,
            to_number=call.leg.dialled,
            room=call.room,
            identity=call.call_id,
            ringing_timeout_s=self._deadlines.ringing_s,
            max_call_duration_s=intended.longest_ms // 1000,
        )
        began_ms = self._clock()
        try:
            answer = await self._livekit.dial(dial)
        except LiveKitError as error:
            rang_ms = self._clock() - began_ms
            outcome = outcome_of(error, rang_ms, self._deadlines.ringing_s)
            log.info("call_not_answered", call_id=call.call_id, code=error.livekit_code)
        else:
            outcome = await self._answered(call, answer)
        if outcome is not None:
            await self._note(call, outcome)
        self._dials.pop(call.call_id, None)
        self._notice(call)

    async def _answered(self, call: Call, answer: shapes.Dialled) -> DialOutcome:
        """Return that a call was answered, with what the carrier calls it if that can be seen."""
        try:
            seen = await self._seen_outcome(call)
        except LiveKitError:
            seen = None
        return seen or DialOutcome(None, None, answer.participant_id, answer.sip_call_id)

    async def _note(self, call: Call, outcome: DialOutcome) -> None:
        """Commit what came of a dial, however long that takes: nobody else knows."""
        while True:
            try:
                noted = await self._db.write(operations.note_outcome, call, outcome)
            except DomainError as error:
                log.warning("call_step_failed", call_id=call.call_id, code=error.code)
                await asyncio.sleep(RETRY_S)
            else:
                if noted is not None:
                    DIALS.labels(outcome.failure or "answered").inc()
                return

    async def _look_for_outcome(self, call: Call, step: LookForOutcome) -> float:
        """Wait for the dial of this process; of another's, see whether somebody has answered."""
        left_s = (step.until_ms - self._clock()) / 1000
        if call.call_id in self._dials and not step.is_last:
            return left_s
        outcome = await self._seen_outcome(call)
        if outcome is None and step.is_last:
            outcome = DialOutcome(EndReason.UNKNOWN)
        if outcome is None:
            return min(LOOK_EVERY_S, left_s)
        await self._note(call, outcome)
        return 0

    async def _seen_outcome(self, call: Call) -> DialOutcome | None:
        """Return that a call was answered, if its room shows that it is up."""
        for one in await self._livekit.list_participants(call.room):
            if one.identity == call.call_id and one.attributes.get("sip.callStatus") == ACTIVE:
                ids = {k: v for k, v in one.attributes.items() if k.startswith(CARRIER_IDS)}
                return DialOutcome(None, None, one.sid, one.attributes.get("sip.callID", ""), ids)
        return None

    async def _give_up(self, call: Call, reason: EndReason) -> None:
        """Begin to end a call; look first, for events may be late."""
        if call.dispatch_id:
            await self._looking.look(call.room, call.room_sid, call.call_id)
        found = await self._db.read(store.find_followed, call.cluster_id, call.call_id)
        if found is None:
            return
        if next_outbound_step(*found, self._clock(), self._deadlines) == GoOn(reason):
            await self._db.write(operations.close, call, reason)

    async def _end(self, call: Call, seen: Seen) -> float | None:
        """Close a call's room, until nothing of the call can come any more; then end its record.

        A dial that is under way may come into a room that was closed before it, which opens it
        again. The room of a call that nobody is on need not be gone for its record to end: the
        poller closes it.
        """
        dial = call.dial
        is_under_way = dial is not None and dial.is_under_way
        is_on = call.answered_ms is not None and seen.caller.left_ms is None
        try:
            await self._closing.end(call, seen)
        except LiveKitError:
            if is_on or is_under_way:
                raise
        intent_ms = 0 if dial is None or dial.intent_ms is None else dial.intent_ms
        if is_under_way and self._clock() < intent_ms + self._deadlines.dialled_ms:
            return REPEAT_END_S
        ended = await self._db.write(operations.finish, call)
        if ended is not None and ended.end_reason is not None:
            CALLS_ENDED.labels(ended.end_reason).inc()
            log.info("call_ended", call_id=call.call_id, reason=ended.end_reason)
        return None
