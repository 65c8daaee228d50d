"""The simulated LiveKit's outbound calls end as those of the real one."""

import asyncio
from datetime import timedelta

import pytest
from livekit import api

from cordboard.simulated.livekit import Outcome, SimulatedLiveKit, simulated_livekit
from tests.support.livekit import CALLER, NUMBER, SPEED, a_rule, a_trunk, connected

ROOM = "outbound"


def _dial(identity: str = "callee", *, waits: bool = True) -> api.CreateSIPParticipantRequest:
    request = api.CreateSIPParticipantRequest(
        trunk=api.SIPOutboundConfig(hostname="127.0.0.1:5060"),
        sip_call_to=CALLER,
        sip_number=NUMBER,
        room_name=ROOM,
        participant_identity=identity,
        wait_until_answered=waits,
    )
    request.ringing_timeout.FromTimedelta(timedelta(seconds=5))
    return request


async def _dialled(lk: SimulatedLiveKit, outcome: Outcome) -> api.SIPParticipantInfo:
    lk.callees.outcomes[CALLER] = outcome
    async with connected(lk) as client:
        return await client.sip.create_sip_participant(_dial())


async def test_an_answered_call_is_active_in_the_room() -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        info = await _dialled(lk, Outcome())
        member = lk.rooms.by_name[ROOM].members["callee"].info
        assert info.sip_call_id == member.attributes["sip.callID"]
        assert member.attributes["sip.callStatus"] == "active"
        assert "sip.ruleID" not in member.attributes
        assert lk.webhooks.sent == ["room_started", "participant_joined", "track_published"]


@pytest.mark.parametrize(
    ("status", "words", "code", "http"),
    [
        (486, "Busy Here", "resource_exhausted", 429),
        (603, "Decline", "permission_denied", 403),
        (404, "Not Found", "not_found", 404),
        (503, "Service Unavailable", "failed_precondition", 412),
    ],
)
async def test_a_final_response_is_told_in_the_error(
    status: int, words: str, code: str, http: int
) -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        with pytest.raises(api.SipCallError) as refusal:
            await _dialled(lk, Outcome(status))
        error = refusal.value
        assert (error.code, error.status) == (code, http)
        assert (error.sip_status_code, error.sip_status) == (status, words)
        assert set(error.metadata) == {"sip_status_code", "sip_status", "error_details"}
        assert lk.rooms.by_name[ROOM].members == {}


async def test_no_answer_is_an_error_without_any_sip_status() -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        with pytest.raises(api.TwirpError, match="sip request timed out") as refusal:
            await _dialled(lk, Outcome(None))
    assert not isinstance(refusal.value, api.SipCallError)
    assert (refusal.value.code, refusal.value.status) == ("canceled", 408)


async def test_two_dials_of_one_identity_are_two_invites_and_one_of_them_is_cancelled() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        dials = [client.sip.create_sip_participant(_dial()) for _ in range(2)]
        results = await asyncio.gather(*dials, return_exceptions=True)
        assert len([result for result in results if isinstance(result, api.TwirpError)]) == 1
        assert [invite.identity for invite in lk.callees.dialled] == ["callee", "callee"]


async def test_a_dial_that_is_not_waited_for_returns_whatever_comes_of_it() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.callees.outcomes[CALLER] = Outcome(486)
        await client.sip.create_sip_participant(_dial(waits=False))
        while "participant_left" not in lk.webhooks.sent:
            await lk.pace.sleep(0.01)


async def test_a_dial_into_an_inbound_number_is_answered_by_its_agent() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        worker = lk.register_worker("tone")
        await a_rule(client, await a_trunk(client, CALLER), agent="tone")
        await _dialled(lk, Outcome(is_looped=True))
        assert len(worker.jobs) == 1
        inbound = lk.callers.calls[0]
        assert (inbound.invite.to, inbound.invite.from_) == (CALLER, NUMBER)
        await client.room.remove_participant(
            api.RoomParticipantIdentity(room=ROOM, identity="callee")
        )
        await inbound.until_ended()


async def test_a_callee_that_hangs_up_leaves_the_room() -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        await _dialled(lk, Outcome(hangs_up_after_s=0.5))
        while "participant_left" not in lk.webhooks.sent:
            await lk.pace.sleep(0.01)


async def test_a_stored_trunk_gives_the_address() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        trunk = api.SIPOutboundTrunkInfo(address="sip.example.com", numbers=[NUMBER])
        made = await client.sip.create_outbound_trunk(
            api.CreateSIPOutboundTrunkRequest(trunk=trunk)
        )
        listed = await client.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
        assert [item.sip_trunk_id for item in listed.items] == [made.sip_trunk_id]
        await client.sip.create_sip_participant(
            api.CreateSIPParticipantRequest(
                sip_trunk_id=made.sip_trunk_id, sip_call_to=CALLER, room_name=ROOM
            )
        )
        (member,) = lk.rooms.by_name[ROOM].members.values()
        assert member.info.attributes["sip.hostname"] == "sip.example.com"


async def test_an_unknown_trunk_is_refused_and_nobody_is_called() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id="ST_none", sip_call_to=CALLER, room_name=ROOM
        )
        with pytest.raises(api.TwirpError, match="requested sip trunk does not exist"):
            await client.sip.create_sip_participant(request)
        assert lk.callees.dialled == []
