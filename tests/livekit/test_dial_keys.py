"""A dial goes out once, whatever LiveKit says: no refusal of it leads to a second."""

import pytest
from livekit import api

from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.livekit_errors import (
    DialFailedError,
    Effect,
    LiveKitError,
    LiveKitKeyRefusedError,
)
from cordboard.routing.livekit_shapes import Dial
from cordboard.simulated.livekit import Moment, Outcome, SimulatedLiveKit, simulated_livekit
from cordboard.simulated.livekit.errors import TwirpError
from tests.support.outbound import CALLEE, TRUNK

SECOND = APIKey("second", "another-secret-of-thirty-two-characters")
DIAL = Dial(TRUNK, "+14155550100", CALLEE, "call_room", "call_id", 5, 60)


def rotating(lk: SimulatedLiveKit) -> LiveKit:
    """Return a client with a key that is revoked, and two that are taken."""
    lk.sip.outbound[TRUNK] = api.SIPOutboundTrunkInfo(sip_trunk_id=TRUNK)
    lk.keys[SECOND.api_key] = SECOND.api_secret
    revoked = APIKey("revoked", "a-secret-that-nobody-knows-any-more")
    return LiveKit("default", lk.url, (revoked, APIKey(lk.api_key, lk.api_secret), SECOND))


def dials(lk: SimulatedLiveKit) -> list[int]:
    """Return the statuses of the dials that were asked for."""
    return [asked.status for asked in lk.ledger if asked.method == "CreateSIPParticipant"]


async def test_a_dial_takes_the_key_that_was_accepted_last() -> None:
    async with simulated_livekit() as lk:
        livekit = rotating(lk)
        await livekit.list_rooms()
        lk.callees.outcomes[CALLEE] = Outcome(603, after_s=0)
        with pytest.raises(DialFailedError):
            await livekit.dial(DIAL)
        assert dials(lk) == [403]
        await livekit.aclose()


async def test_a_refusal_that_looks_like_that_of_a_key_is_not_dialled_with_the_next() -> None:
    async with simulated_livekit() as lk:
        livekit = rotating(lk)
        await livekit.list_rooms()

        def refuse(method: str, moment: Moment) -> None:
            if method == "CreateSIPParticipant" and moment is Moment.BEFORE_ANSWER:
                raise TwirpError("permission_denied", "declined, and no SIP status told")

        lk.on_request = refuse
        with pytest.raises(LiveKitKeyRefusedError):
            await livekit.dial(DIAL)
        assert (dials(lk), len(lk.callees.dialled)) == ([403], 1)
        await livekit.aclose()


@pytest.mark.parametrize(
    ("message", "effect"),
    [("no response from servers", Effect.NOT_DONE), ("went away", Effect.UNKNOWN)],
)
async def test_a_dial_that_no_gateway_claims_is_known_not_to_be_made(
    message: str, effect: Effect
) -> None:
    async with simulated_livekit() as lk:
        livekit = rotating(lk)
        await livekit.list_rooms()

        def refuse(method: str, moment: Moment) -> None:
            if method == "CreateSIPParticipant" and moment is Moment.BEFORE_EFFECT:
                raise TwirpError("unavailable", message)

        lk.on_request = refuse
        with pytest.raises(LiveKitError) as refused:
            await livekit.dial(DIAL)
        assert (refused.value.effect, lk.callees.dialled) == (effect, [])
        await livekit.aclose()
