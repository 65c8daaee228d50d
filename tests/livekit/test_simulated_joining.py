"""Whoever joins the simulated LiveKit is listed before an event tells of them."""

from livekit import api

from cordboard.simulated.livekit import Call, SimulatedLiveKit, simulated_livekit
from tests.support.livekit import CALLER, NUMBER, a_rule, a_trunk, connected

JOINED = api.ParticipantInfo.State.JOINED


async def _listed(lk: SimulatedLiveKit, call: Call) -> api.ParticipantInfo:
    """Return a call's participant as soon as it is listed."""
    while True:
        request = api.ListParticipantsRequest(room=call.room or "")
        listed = await lk.rooms.list_participants(request)
        if listed.participants:
            return listed.participants[0]
        await lk.pace.sleep(0)


async def test_a_caller_is_listed_with_its_attributes_before_an_event_tells_of_it() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        rule_id = await a_rule(client, await a_trunk(client, NUMBER))
        call = await lk.call(to=NUMBER, from_=CALLER)
        caller = await _listed(lk, call)
        assert lk.webhooks.sent == ["room_started"]
        assert (caller.state, caller.joined_at_ms > 0) == (JOINED, True)
        assert caller.attributes["sip.trunkPhoneNumber"] == NUMBER
        assert caller.attributes["sip.ruleID"] == rule_id
        while "participant_joined" not in lk.webhooks.sent:
            await lk.pace.sleep(0)
        assert (await _listed(lk, call)).state == api.ParticipantInfo.State.ACTIVE


async def test_a_caller_that_is_put_out_before_it_is_connected_was_never_there_for_the_events() -> (
    None
):
    async with simulated_livekit() as lk, connected(lk) as client:
        await a_rule(client, await a_trunk(client, NUMBER))
        call = await lk.call(to=NUMBER, from_=CALLER)
        await _listed(lk, call)
        lk.rooms.close(lk.rooms.by_name[call.room or ""], api.DisconnectReason.ROOM_DELETED)
        call.hang_up()
        await call.until_ended()
        assert lk.webhooks.sent == [
            "room_started",
            "participant_connection_aborted",
            "room_finished",
        ]
