"""Outbound calls: CreateSIPParticipant, and the people at the far end.

Observed of livekit-server 1.13.5 with livekit-sip 1.10.0: every request is an INVITE, a repeated
identity too, whose second leg pushes the first one out; a final SIP response is the error's
metadata; no answer, nobody listening and being pushed out are the same ``canceled``; the room of a
call that failed stays.
"""

import asyncio
from collections.abc import Coroutine

import msgspec
from livekit import api

from cordboard.simulated.livekit.callers import LASTS_FOR_S, Call, Callers
from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.matching import Invite
from cordboard.simulated.livekit.pace import Pace
from cordboard.simulated.livekit.rooms import Member, Room, Rooms, new_id
from cordboard.simulated.livekit.sip import SIPStore

OWN_ADDRESS = "127.0.0.1"
RINGS_FOR_S = 30
OK = 200

REASONS = {404: "Not Found", 486: "Busy Here", 603: "Decline", 503: "Service Unavailable"}
CODES = {
    401: "permission_denied",
    402: "permission_denied",
    403: "permission_denied",
    404: "not_found",
    407: "unauthenticated",
    408: "deadline_exceeded",
    410: "not_found",
    480: "resource_exhausted",
    486: "resource_exhausted",
    487: "aborted",
    491: "aborted",
    504: "deadline_exceeded",
    600: "resource_exhausted",
    603: "permission_denied",
    604: "not_found",
    607: "permission_denied",
    608: "permission_denied",
}
SERVER_FAILURES = range(500, 504)
REJECTED = 603


class Outcome(msgspec.Struct, frozen=True):
    """What a callee does.

    Attributes:
        status: The final SIP response; None: it rings until the ringing timeout, which is also what
            an address gives at which nobody listens.
        after_s: Simulated seconds after the INVITE.
        hangs_up_after_s: After an answer; None: never.
        is_looped: The number is an inbound number of this LiveKit, and the call comes in there.
    """

    status: int | None = OK
    after_s: float = 0.3
    hangs_up_after_s: float | None = None
    is_looped: bool = False


class Dialled(msgspec.Struct, frozen=True):
    """An INVITE that went out."""

    to: str
    from_: str
    room: str
    identity: str


class _Leg:
    """An outbound call, from the INVITE on; ``answer`` is None once it is answered."""

    def __init__(
        self, request: api.CreateSIPParticipantRequest, room: Room, member: Member
    ) -> None:
        self.request = request
        self.room = room
        self.member = member
        self.loop: Call | None = None
        self.answer: asyncio.Future[TwirpError | None] = asyncio.get_running_loop().create_future()


class Callees:
    """Everybody who can be called.

    Attributes:
        outcomes: Number → what happens when it is called; whoever is not here answers.
        dialled: Every INVITE, in order.
        is_every_trunk_known: Whether calls may go out by trunks that nobody has made here.
            LiveKit refuses them; it spares whoever tries things making the trunks of a carrier.
    """

    def __init__(self, pace: Pace, store: SIPStore, rooms: Rooms, callers: Callers) -> None:
        """Let everybody answer."""
        self._pace = pace
        self._store = store
        self._rooms = rooms
        self._callers = callers
        self.outcomes: dict[str, Outcome] = {}
        self.dialled: list[Dialled] = []
        self.is_every_trunk_known = False

    async def create_sip_participant(
        self, request: api.CreateSIPParticipantRequest
    ) -> api.SIPParticipantInfo:
        """Join the room and send an INVITE; wait for the answer when asked to."""
        if not (request.sip_call_to and request.room_name):
            raise TwirpError("invalid_argument", "missing sip callee number or room name")
        info = _described(request, self._address(request))
        room = self._rooms.start(api.CreateRoomRequest(name=request.room_name))
        member = self._rooms.join(room, info)
        self._rooms.connect(room, member)
        self.dialled.append(
            Dialled(request.sip_call_to, request.sip_number, room.name, info.identity)
        )
        leg = _Leg(request, room, member)
        self._pace.start(self._until_over(leg))
        if request.wait_until_answered and (refusal := await leg.answer):
            raise refusal
        return api.SIPParticipantInfo(
            participant_id=info.sid,
            participant_identity=info.identity,
            room_name=room.name,
            sip_call_id=info.attributes["sip.callID"],
        )

    def _address(self, request: api.CreateSIPParticipantRequest) -> str:
        """Return where the INVITE goes: a stored trunk, or the one that came along."""
        if request.HasField("trunk"):
            return request.trunk.hostname
        if request.sip_trunk_id not in self._store.outbound:
            if self.is_every_trunk_known:
                return OWN_ADDRESS
            raise TwirpError("not_found", "requested sip trunk does not exist")
        return self._store.outbound[request.sip_trunk_id].address

    async def _until_over(self, leg: _Leg) -> None:
        """Let a call run; nobody waits for its answer when the simulation ends before."""
        try:
            await self._run(leg)
        finally:
            if not leg.answer.done():
                leg.answer.set_result(TwirpError("canceled", "the server is shutting down"))

    async def _run(self, leg: _Leg) -> None:
        """Ring, then talk; the participant leaves at the end, and the room stays."""
        outcome = self.outcomes.get(leg.request.sip_call_to, Outcome())
        limit_s = leg.request.ringing_timeout.ToTimedelta().total_seconds() or RINGS_FOR_S
        status = await self._first(leg, self._response(leg, outcome), limit_s)
        leaves = api.DisconnectReason.CLIENT_INITIATED
        if status == OK:
            leg.member.info.attributes["sip.callStatus"] = "active"
            self._rooms.publish(leg.room, leg.member)
            leg.answer.set_result(None)
            limit_s = leg.request.max_call_duration.ToTimedelta().total_seconds() or LASTS_FOR_S
            await self._first(leg, self._goodbye(leg, outcome), limit_s)
        elif status is None:
            leg.answer.set_result(TwirpError("canceled", "sip request timed out"))
            leaves = api.DisconnectReason.USER_UNAVAILABLE
        else:
            leg.answer.set_result(_refusal(status))
            leaves = _reason(status)
        leg.member.info.attributes["sip.callStatus"] = "hangup"
        self._rooms.leave(leg.room, leg.member, leaves)
        if leg.loop is not None:
            leg.loop.hang_up()

    async def _first(
        self, leg: _Leg, what: Coroutine[object, object, int], limit_s: float
    ) -> int | None:
        """Return what the far end does; None: it is too late, or the leg was put out before."""
        far_end = asyncio.get_running_loop().create_task(what)
        waits: list[asyncio.Future[int]] = [far_end, leg.member.left]
        try:
            timeout = limit_s / self._pace.speed
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            is_decided = far_end.done() and not leg.member.left.done()
            return far_end.result() if is_decided else None
        finally:
            far_end.cancel()

    async def _response(self, leg: _Leg, outcome: Outcome) -> int:
        """Wait for the final SIP response."""
        if outcome.is_looped:
            invite = Invite(
                leg.request.sip_call_to, leg.request.sip_number, OWN_ADDRESS, OWN_ADDRESS, {}
            )
            leg.loop = self._callers.place(invite)
            return await leg.loop.until_settled()
        await self._pace.sleep(outcome.after_s)
        if outcome.status is None:
            await asyncio.Event().wait()
        return outcome.status or OK

    async def _goodbye(self, leg: _Leg, outcome: Outcome) -> int:
        """Wait until the far end hangs up."""
        if leg.loop is not None:
            await leg.loop.until_ended()
        elif outcome.hangs_up_after_s is None:
            await asyncio.Event().wait()
        else:
            await self._pace.sleep(outcome.hangs_up_after_s)
        return OK


def _described(request: api.CreateSIPParticipantRequest, address: str) -> api.ParticipantInfo:
    attributes = {
        "sip.callID": new_id("SCL_"),
        "sip.callIDFull": new_id("SCL_"),
        "sip.callStatus": "dialing",
        "sip.callTag": new_id(""),
        "sip.hostname": address,
        "sip.phoneNumber": request.sip_call_to,
        "sip.trunkID": request.sip_trunk_id,
        "sip.trunkPhoneNumber": request.sip_number,
    }
    return api.ParticipantInfo(
        identity=request.participant_identity or f"sip_{request.sip_call_to}",
        name=request.participant_name,
        metadata=request.participant_metadata,
        kind=api.ParticipantInfo.Kind.SIP,
        attributes=attributes | dict(request.participant_attributes),
    )


def _refusal(status: int) -> TwirpError:
    otherwise = "failed_precondition" if status in SERVER_FAILURES else "invalid_argument"
    words = REASONS.get(status, "Request Failure")
    meta = {"sip_status_code": str(status), "sip_status": words, "error_details": words}
    return TwirpError(CODES.get(status, otherwise), f"sip status: {status}: {words}", meta)


def _reason(status: int) -> api.DisconnectReason:
    if status == REJECTED:
        return api.DisconnectReason.USER_REJECTED
    if status in SERVER_FAILURES:
        return api.DisconnectReason.SIP_TRUNK_FAILURE
    return api.DisconnectReason.USER_UNAVAILABLE
