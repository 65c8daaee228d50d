"""Inbound calls: what a caller hears, from the INVITE to the end.

Observed of livekit-sip 1.10.0: 100, 180, and 200 once an agent is heard; 486 for everything that
is refused later, 503 when the look-up fails. A caller that no rule takes hears ringing for ever. So
does one that is put out, or whose room is closed, before its own track is published: the message
comes before livekit-sip listens for it.
"""

import asyncio
import secrets
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import msgspec
from livekit import api

from cordboard.simulated.livekit.faults import Faults
from cordboard.simulated.livekit.matching import Invite, LookUpError, find_rule, find_trunk
from cordboard.simulated.livekit.pace import Pace
from cordboard.simulated.livekit.rooms import Member, Room, Rooms
from cordboard.simulated.livekit.sip import SIPStore
from cordboard.simulated.livekit.sip_participant import described, request_for_room

LOOK_UP_WITHIN_S = 1
JOINS_AFTER_S = 0.002
CONNECTS_AFTER_S = 0.018
PUBLISHES_AFTER_S = 0.03
RINGS_FOR_S = 180
LASTS_FOR_S = 24 * 3600


class EndReason(StrEnum):
    """Why a call is over."""

    CALLER_HUNG_UP = "caller_hung_up"
    LOOK_UP_FAILED = "look_up_failed"
    DRAINING = "draining"
    RINGING_TIMEOUT = "ringing_timeout"
    ROOM_CLOSED = "room_closed"
    REMOVED = "removed"
    MAX_CALL_DURATION = "max_call_duration"


class Ended(msgspec.Struct, frozen=True):
    """How a call ended.

    Attributes:
        status: The final response to the INVITE: 200 for a call that was answered, 487 for one
            that the caller gave up.
        after_s: Simulated seconds since the INVITE.
    """

    status: int
    reason: EndReason
    after_s: float


class Call:
    """A call as its caller knows it.

    Attributes:
        invite: What it came with.
        ladder: Milliseconds since the INVITE, and what was said: ``INVITE``, ``100``, ``180`` …
        room: The room's name; None as long as there is none.
        trunk_id, rule_id: What took it.
        participant_call_id: ``sip.callID`` of its participant; empty as long as there is none.
        answered_by: The identity of the agent that was heard first.
        ended: How it ended; None: it has not.
    """

    def __init__(self, invite: Invite, pace: Pace) -> None:
        """Send the INVITE."""
        self.invite = invite
        self.sip_call_id = f"{secrets.token_hex(8)}@{invite.from_host}"
        self.ladder: list[tuple[float, str]] = []
        self.room: str | None = None
        self.trunk_id = ""
        self.rule_id = ""
        self.participant_call_id = ""
        self.answered_by: str | None = None
        self.ended: Ended | None = None
        self._pace = pace
        self._began_s = pace.elapsed_s()
        self._hangs_up = asyncio.Event()
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._settled = asyncio.Event()
        self.note("INVITE")

    def note(self, message: str) -> None:
        """Add a rung to the ladder."""
        self.ladder.append((round(self._pace.elapsed_s(self._began_s) * 1000, 1), message))

    @property
    def messages(self) -> list[str]:
        """What was said, without the times."""
        return [message for _, message in self.ladder]

    def hang_up(self) -> None:
        """Give up, or say goodbye."""
        self._hangs_up.set()

    async def until_answered(self, within_s: float | None = None) -> str:
        """Wait until an agent is heard, and return its identity.

        Raises:
            TimeoutError: It is not, within so many simulated seconds.
        """
        async with self._pace.timeout(within_s):
            await self._answered.wait()
        return self.answered_by or ""

    async def until_ended(self, within_s: float | None = None) -> Ended:
        """Wait until the call is over, and return how it ended.

        Raises:
            TimeoutError: It is not, within so many simulated seconds.
        """
        async with self._pace.timeout(within_s):
            await self._over.wait()
        if self.ended is None:
            raise RuntimeError("a call that is over has an end")
        return self.ended

    async def until_settled(self) -> int:
        """Wait for the final SIP response, and return it."""
        await self._settled.wait()
        return HTTPStatus.OK if self.ended is None else self.ended.status

    async def until_hung_up(self) -> None:
        """Wait until the caller has had enough."""
        await self._hangs_up.wait()

    def answer(self, identity: str) -> None:
        """Let the caller hear an agent."""
        self.answered_by = identity
        self.note("200")
        self._answered.set()
        self._settled.set()

    def end(self, status: int, reason: EndReason) -> None:
        """Let it be over."""
        if self.answered_by is None:
            self.note(str(status))
        else:
            status = HTTPStatus.OK
            self.note("BYE")
        after_s = round(self._pace.elapsed_s(self._began_s), 3)
        self.ended = Ended(status, reason, after_s)
        self._over.set()
        self._settled.set()


class Callers:
    """The SIP side of the simulated LiveKit: it takes calls from anywhere."""

    def __init__(self, pace: Pace, store: SIPStore, rooms: Rooms, faults: Faults) -> None:
        """Take calls by these trunks and rules into these rooms, unless the server is down."""
        self._pace = pace
        self._faults = faults
        self._store = store
        self._rooms = rooms
        self.calls: list[Call] = []
        self.is_draining = False

    def place(self, invite: Invite) -> Call:
        """Take a call; it goes on by itself."""
        call = Call(invite, self._pace)
        self.calls.append(call)
        self._pace.start(self._take(call))
        return call

    async def _take(self, call: Call) -> None:
        call.note("100")
        if self._faults.is_down:
            await self._pace.sleep(LOOK_UP_WITHIN_S)
            call.end(503, EndReason.LOOK_UP_FAILED)
            return
        if self.is_draining:
            call.end(486, EndReason.DRAINING)
            return
        try:
            trunk = find_trunk(self._store, call.invite)
            rule = find_rule(self._store, trunk, call.invite)
        except LookUpError:
            call.end(503, EndReason.LOOK_UP_FAILED)
            return
        call.note("180")
        if rule is None:
            await self._ring_for_nobody(call)
            return
        call.trunk_id = trunk.sip_trunk_id if trunk is not None else ""
        call.rule_id = rule.sip_dispatch_rule_id
        wanted = request_for_room(rule, call.invite)
        call.room = self._rooms.start(wanted).name
        await self._pace.sleep(JOINS_AFTER_S)
        # A room that was closed meanwhile is opened again by whoever joins it.
        room = self._rooms.start(wanted)
        info = described(call.invite, call.sip_call_id, trunk, rule)
        call.participant_call_id = info.attributes["sip.callID"]
        member = self._rooms.join(room, info)
        await self._talk(call, room, member, trunk or api.SIPInboundTrunkInfo())

    async def _ring_for_nobody(self, call: Call) -> None:
        await call.until_hung_up()
        call.end(487, EndReason.CALLER_HUNG_UP)

    async def _talk(
        self, call: Call, room: Room, member: Member, trunk: api.SIPInboundTrunkInfo
    ) -> None:
        """Ring until an agent is heard, then talk until somebody has had enough."""
        await self._pace.sleep(CONNECTS_AFTER_S)
        self._rooms.connect(room, member)
        await self._pace.sleep(PUBLISHES_AFTER_S)
        if member.left.done():
            await self._ring_for_nobody(call)
            return
        self._rooms.publish(room, member)
        rings_for_s = _seconds(trunk.ringing_timeout.ToTimedelta().total_seconds(), RINGS_FOR_S)
        reason = await self._first(call, member, room.heard, rings_for_s)
        if reason is None:
            agent = room.talking_agent()
            member.info.attributes["sip.callStatus"] = "active"
            call.answer(agent.info.identity if agent is not None else "")
            limit_s = trunk.max_call_duration.ToTimedelta().total_seconds()
            lasts_for_s = _seconds(limit_s, LASTS_FOR_S)
            reason = await self._first(call, member, asyncio.Event(), lasts_for_s)
        if reason is EndReason.RINGING_TIMEOUT and call.answered_by is not None:
            reason = EndReason.MAX_CALL_DURATION
        member.info.attributes["sip.callStatus"] = "hangup"
        self._rooms.leave(room, member, api.DisconnectReason.CLIENT_INITIATED)
        given_up = reason is EndReason.CALLER_HUNG_UP
        call.end(487 if given_up else 486, reason or EndReason.CALLER_HUNG_UP)

    async def _first(
        self, call: Call, member: Member, heard: asyncio.Event, limit_s: float
    ) -> EndReason | None:
        """Wait for what comes first; None: an agent is heard."""
        waits: dict[asyncio.Future[Any], EndReason | None] = {
            asyncio.ensure_future(heard.wait()): None,
            asyncio.ensure_future(call.until_hung_up()): EndReason.CALLER_HUNG_UP,
            asyncio.ensure_future(self._pace.sleep(limit_s)): EndReason.RINGING_TIMEOUT,
        }
        try:
            done, _ = await asyncio.wait([*waits, member.left], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if member.left in done:
            was_removed = member.left.result() == api.DisconnectReason.PARTICIPANT_REMOVED
            return EndReason.REMOVED if was_removed else EndReason.ROOM_CLOSED
        return next(reason for wait, reason in waits.items() if wait in done)


def _seconds(limit_s: float, otherwise_s: float) -> float:
    return limit_s or otherwise_s
