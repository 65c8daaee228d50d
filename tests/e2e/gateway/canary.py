"""Whether livekit-server still speaks what the gateway speaks: its wire is internal to LiveKit."""

from livekit import api

from tests.e2e.gateway.bus import Bus, BusError
from tests.e2e.gateway.lookups import SERVICE, Invite, Routed, look_up

NUMBER = "+15550000001"
AGENT = "canary"
METHODS = ("GetSIPTrunkAuthentication", "EvaluateSIPDispatchRules")


async def check_wire(bus: Bus, client: api.LiveKitAPI) -> None:
    """Make a trunk and a rule, look a call up, and take them away again.

    Raises:
        AssertionError: The wire is another: nothing that the gateway would show could be believed.
    """
    listens = await bus.channels(f"{SERVICE}|*")
    for method in METHODS:
        assert f"{SERVICE}|{method}|REQ" in listens, _said(f"it does not listen for {method}")
    trunk = api.SIPInboundTrunkInfo(numbers=[NUMBER], allowed_addresses=["127.0.0.1/32"])
    made = await client.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
    rule = api.SIPDispatchRuleInfo(
        trunk_ids=[made.sip_trunk_id],
        rule=api.SIPDispatchRule(
            dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="call")
        ),
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=AGENT)]),
    )
    ruled = await client.sip.create_dispatch_rule(
        api.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
    )
    try:
        routed = await look_up(bus, Invite(NUMBER))
    except BusError as error:
        raise AssertionError(_said(f"a look-up fails: {error}")) from error
    _compare(routed, made.sip_trunk_id, ruled.sip_dispatch_rule_id)
    await client.sip.delete_dispatch_rule(
        api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=ruled.sip_dispatch_rule_id)
    )
    await client.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=made.sip_trunk_id))


def _compare(routed: Routed, trunk_id: str, rule_id: str) -> None:
    found = (routed.trunk_id, routed.rule_id, routed.is_accepted, routed.agents)
    assert found == (trunk_id, rule_id, True, [AGENT]), _said(f"a look-up answers {routed}")
    attributes = routed.attributes
    assert attributes.get("sip.trunkPhoneNumber") == NUMBER, _said(f"it lacks {attributes}")


def _said(what: str) -> str:
    return (
        "livekit-server's wire to livekit-sip is not what tests/e2e/gateway speaks (1.13.5): "
        f"{what}. See docs/tried-on-livekit.md."
    )
