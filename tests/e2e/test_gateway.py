"""The gateway stand-in itself: whether what scenarios learn from it can be believed."""

import re
from pathlib import Path

import pytest
from livekit import api

from cordboard.simulated.livekit import Behaviour
from tests.e2e.gateway.bus import opened_bus
from tests.e2e.gateway.canary import check_wire
from tests.e2e.gateway.driver import GatewayDriver
from tests.e2e.gateway.lookups import SERVICE
from tests.e2e.livekit_server import redis_server
from tests.support.answered import eventually

NUMBER = "+14155550100"
CALLER = "+12125550101"
TONE = Behaviour(joins_after_s=0, audio_after_s=0)
WITHIN_S = 15


async def test_a_wire_that_is_another_is_told_in_words(tmp_path: Path) -> None:
    with redis_server(tmp_path) as port:
        async with (
            opened_bus(port) as bus,
            api.LiveKitAPI("http://127.0.0.1:1", "k", "s") as client,
        ):
            await bus.listen(SERVICE)
            with pytest.raises(AssertionError, match="wire to livekit-sip is not what"):
                await check_wire(bus, client)


async def test_a_caller_is_in_the_room_as_a_participant_of_livekit_sip_is(
    gateway: GatewayDriver,
) -> None:
    key = (gateway.api_key, gateway.api_secret)
    async with api.LiveKitAPI(gateway.url, *key) as client:
        rule_id, trunk_id = await _routed(client)
        desk = await gateway.register_worker("desk", "", TONE)
        line = await gateway.call(NUMBER, CALLER, source="127.0.0.1", from_host="127.0.0.1")
        await line.until_answered(WITHIN_S)
        (job,) = desk.jobs

        async def is_up() -> api.ParticipantInfo | None:
            request = api.ListParticipantsRequest(room=job.room)
            people = (await client.room.list_participants(request)).participants
            (found,) = [one for one in people if one.kind == api.ParticipantInfo.Kind.SIP]
            return found if found.attributes["sip.callStatus"] == "active" else None

        caller = await eventually(is_up)
    assert caller.identity == f"sip_{CALLER}"
    assert re.fullmatch(rf"call_{re.escape(CALLER)}_\w+", job.room)
    attributes = dict(caller.attributes)
    assert re.fullmatch(r"SCL_\w{12}", attributes.pop("sip.callID"))
    assert attributes.pop("sip.callIDFull").endswith("@127.0.0.1")
    assert attributes.pop("sip.callTag")
    assert attributes == {
        "sip.callStatus": "active",
        "sip.hostname": "127.0.0.1",
        "sip.phoneNumber": CALLER,
        "sip.ruleID": rule_id,
        "sip.trunkID": trunk_id,
        "sip.trunkPhoneNumber": NUMBER,
    }


async def _routed(client: api.LiveKitAPI) -> tuple[str, str]:
    """Let calls to the number send for the desk; return the rule's id and the trunk's."""
    trunk = api.SIPInboundTrunkInfo(numbers=[NUMBER], allowed_addresses=["127.0.0.1/32"])
    made = await client.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
    individual = api.SIPDispatchRuleIndividual(room_prefix="call")
    rule = api.SIPDispatchRuleInfo(
        trunk_ids=[made.sip_trunk_id],
        rule=api.SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name="desk")]),
    )
    ruled = await client.sip.create_dispatch_rule(
        api.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
    )
    return ruled.sip_dispatch_rule_id, made.sip_trunk_id
