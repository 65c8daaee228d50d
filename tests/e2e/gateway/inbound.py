"""A call that comes in at the gateway, from the INVITE to the end.

Its ladder and final response are those that livekit-sip would give, by what it was seen to do; no
SIP is spoken. It cannot show that livekit-sip overlooks a room that is closed at once: a
participant of this kind always hears of it.
"""

import asyncio
import secrets
import time
from http import HTTPStatus

import msgspec

from tests.e2e.first import first_of
from tests.e2e.gateway.bus import Bus, BusError
from tests.e2e.gateway.lookups import Invite, Routed, look_up
from tests.e2e.gateway.seat import Participant, taken_seat
from tests.e2e.seats import NotLetInError, Seat, Server

RINGS_FOR_S = 180
"""What livekit-sip takes where a trunk does not say."""

REJECTED = 486
GIVEN_UP = 487
FAILED = 500
TRY_LATER = 503


class Ended(msgspec.Struct, frozen=True):
    """How a call ended: the final response to its INVITE, and when."""

    status: int
    after_s: float


class InboundCall:
    """A call as its caller knows it.

    Attributes:
        ladder: Milliseconds since the INVITE, and what was said.
    """

    def __init__(self, bus: Bus, server: Server, invite: Invite) -> None:
        """Send the INVITE; the call goes on by itself."""
        self.ladder: list[tuple[float, str]] = []
        self._bus, self._server, self._invite = bus, server, invite
        self._began_s = time.monotonic()
        self._hangs_up = asyncio.Event()
        self._settled = asyncio.Event()
        self._over = asyncio.Event()
        self._ended: Ended | None = None
        self._note("INVITE")
        self._task = asyncio.create_task(self._run())

    async def until_answered(self, within_s: float | None = None) -> None:
        """Wait until an agent is heard.

        Raises:
            TimeoutError: It is not, within so many seconds.
        """
        async with asyncio.timeout(within_s):
            await self.until_settled()
            if not self.is_answered:
                await asyncio.Event().wait()

    async def until_settled(self) -> int:
        """Wait for the final response, and return it."""
        await self._settled.wait()
        return HTTPStatus.OK if self._ended is None else self._ended.status

    async def until_ended(self, within_s: float | None = None) -> Ended:
        """Wait until the call is over.

        Raises:
            TimeoutError: It is not, within so many seconds.
        """
        async with asyncio.timeout(within_s):
            await self._over.wait()
        assert self._ended is not None
        return self._ended

    @property
    def is_answered(self) -> bool:
        """Whether an agent was heard."""
        return any(message == "200" for _, message in self.ladder)

    def hang_up(self) -> None:
        """Give up, or say goodbye."""
        self._hangs_up.set()

    async def stop(self) -> None:
        """Hang up and wait until nothing of the call is left."""
        self._hangs_up.set()
        await self._task

    async def _run(self) -> None:
        try:
            self._note("100")
            try:
                routed = await look_up(self._bus, self._invite)
            except BusError:
                self._end(TRY_LATER)
                return
            self._note("180")
            if not routed.is_accepted:
                # livekit-sip drops such a call without a word.
                await self._hangs_up.wait()
                self._end(GIVEN_UP)
                return
            try:
                async with taken_seat(self._server, _participant(routed)) as seat:
                    await self._talk(seat, routed)
            except NotLetInError:
                self._end(FAILED)
        finally:
            self._settled.set()
            self._over.set()

    async def _talk(self, seat: Seat, routed: Routed) -> None:
        seat.speak()
        rings_for_s = routed.rings_for_s or RINGS_FOR_S
        waits = (seat.is_out.wait(), self._hangs_up.wait(), seat.heard.wait())
        place = await first_of(*waits, within_s=rings_for_s)
        if place == len(waits) - 1:
            self._note("200")
            await seat.say("active")
            self._settled.set()
            lasts_for_s = routed.lasts_for_s or None
            await first_of(seat.is_out.wait(), self._hangs_up.wait(), within_s=lasts_for_s)
        await seat.say("hangup")
        self._end(GIVEN_UP if place == 1 else REJECTED)

    def _end(self, status: int) -> None:
        self._note("BYE" if self.is_answered else str(status))
        status = HTTPStatus.OK if self.is_answered else status
        self._ended = Ended(status, round(time.monotonic() - self._began_s, 3))

    def _note(self, message: str) -> None:
        self.ladder.append((round((time.monotonic() - self._began_s) * 1000, 1), message))


def _participant(routed: Routed) -> Participant:
    added = {
        "sip.callIDFull": f"{secrets.token_hex(8)}@127.0.0.1",
        "sip.callTag": secrets.token_hex(4),
        "sip.callStatus": "ringing",
    }
    return Participant(
        room=routed.room,
        identity=routed.identity,
        name=routed.name,
        metadata=routed.metadata,
        attributes=routed.attributes | added,
        config=routed.config,
    )
