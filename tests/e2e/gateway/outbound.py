"""The far end of calls that go out: livekit-sip, the carrier and whoever is called, in one.

It serves what livekit-server asks livekit-sip for: join the room, dial, and answer once somebody
has answered or has not. The errors are those that livekit-sip gave for the same SIP responses.
"""

import asyncio
import secrets
from contextlib import AsyncExitStack
from http import HTTPStatus

import msgspec
from livekit import rtc

from cordboard.simulated.livekit import Dialled, Outcome
from tests.e2e.first import first_of
from tests.e2e.gateway import wire
from tests.e2e.gateway.bus import Bus, BusError
from tests.e2e.gateway.inbound import InboundCall
from tests.e2e.gateway.lookups import Invite, seconds
from tests.e2e.gateway.seat import Participant, taken_seat
from tests.e2e.seats import Seat, Server

SERVICE = "SIPInternal"
METHOD = "CreateSIPParticipant"
RINGS_FOR_S = 30
DECLINED = 603
CODES = {
    403: "permission_denied",
    404: "not_found",
    486: "resource_exhausted",
    503: "failed_precondition",
    603: "permission_denied",
}
WORDS = {
    403: "Forbidden",
    404: "Not Found",
    486: "Busy Here",
    503: "Service Unavailable",
    603: "Decline",
}


class _Leg(msgspec.Struct, frozen=True):
    """A call that is wanted."""

    to: str
    from_: str
    sip_call_id: str
    participant: Participant
    rings_for_s: float
    lasts_for_s: float | None


class FarEnd:
    """Everybody who can be called.

    Attributes:
        outcomes: Number → what happens when it is called; whoever is not here answers.
        dialled: Every INVITE that went out, in order.
    """

    def __init__(self, bus: Bus, server: Server) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.dialled: list[Dialled] = []
        self._bus, self._server = bus, server
        self._calls: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Take calls from now on."""
        await self._bus.serve(SERVICE, METHOD, self._dial)

    async def stop(self) -> None:
        """Hang up everywhere."""
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _dial(self, raw: bytes) -> bytes:
        """Call somebody, and answer once it is known what comes of it; a talk goes on behind that.

        Raises:
            BusError: Nobody has answered.
        """
        settled: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        call = asyncio.create_task(self._call(_wanted(raw), settled))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await settled

    async def _call(self, leg: _Leg, settled: asyncio.Future[bytes]) -> None:
        outcome = self.outcomes.get(leg.to, Outcome())
        async with AsyncExitStack() as stack:
            seat = await stack.enter_async_context(taken_seat(self._server, leg.participant))
            self.dialled.append(
                Dialled(leg.to, leg.from_, leg.participant.room, leg.participant.identity)
            )
            looped: InboundCall | None = None
            if outcome.is_looped:
                looped = InboundCall(self._bus, self._server, Invite(leg.to, leg.from_))
                stack.push_async_callback(looped.stop)
            status = await _ring(seat, leg, outcome, looped)
            if status == HTTPStatus.OK:
                seat.speak()
                await seat.say("active")
                settled.set_result(_answered(seat, leg))
                goodbye = _goodbye(outcome, looped)
                await first_of(goodbye, seat.is_out.wait(), within_s=leg.lasts_for_s)
            else:
                settled.set_exception(_refusal(status))
                seat.leaves_because = _reason(status)
            await seat.say("hangup")


async def _ring(seat: Seat, leg: _Leg, outcome: Outcome, looped: InboundCall | None) -> int | None:
    """Return the final SIP response; None: there was none in time, or the room was closed."""
    status: list[int] = []

    async def respond() -> None:
        if looped is not None:
            status.append(await looped.until_settled())
            return
        await asyncio.sleep(outcome.after_s)
        if outcome.status is None:
            await asyncio.Event().wait()
        status.append(outcome.status or HTTPStatus.OK)

    await first_of(respond(), seat.is_out.wait(), within_s=leg.rings_for_s)
    return None if seat.is_out.is_set() else next(iter(status), None)


async def _goodbye(outcome: Outcome, looped: InboundCall | None) -> None:
    """Wait until the far end hangs up."""
    if looped is not None:
        await looped.until_ended()
    elif outcome.hangs_up_after_s is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(outcome.hangs_up_after_s)


def _wanted(raw: bytes) -> _Leg:
    asked = wire.DialRequest.FromString(raw)
    assert asked.wait_until_answered, "Cordboard waits for what comes of every dial"
    attributes = {pair.key: pair.value for pair in asked.participant_attributes}
    added = {
        "sip.callIDFull": f"{secrets.token_hex(8)}@127.0.0.1",
        "sip.callTag": secrets.token_hex(4),
        "sip.callStatus": "dialing",
    }
    return _Leg(
        to=asked.call_to,
        from_=asked.number,
        sip_call_id=asked.sip_call_id,
        participant=Participant(
            room=asked.room_name,
            identity=asked.participant_identity,
            name=asked.participant_name,
            metadata=asked.participant_metadata,
            attributes=attributes | added,
        ),
        rings_for_s=seconds(asked.ringing_timeout) or RINGS_FOR_S,
        lasts_for_s=seconds(asked.max_call_duration) or None,
    )


def _answered(seat: Seat, leg: _Leg) -> bytes:
    answer = wire.DialResponse(
        participant_id=seat.sid,
        participant_identity=leg.participant.identity,
        sip_call_id=leg.sip_call_id,
    )
    raw: bytes = answer.SerializeToString()
    return raw


def _refusal(status: int | None) -> BusError:
    if status is None:
        return BusError("canceled", "sip request timed out")
    said = wire.SIPStatus(code=status, status=WORDS[status])
    message = f"sip status: {status}: {WORDS[status]}"
    return BusError(CODES[status], message, said.SerializeToString())


def _reason(status: int | None) -> rtc.DisconnectReason.ValueType:
    if status == DECLINED:
        return rtc.DisconnectReason.USER_REJECTED
    return rtc.DisconnectReason.USER_UNAVAILABLE
