"""The simulated LiveKit keeps trunks and rules as the real one was seen to."""

import pytest
from livekit import api

from cordboard.simulated.livekit import simulated_livekit
from cordboard.simulated.livekit.sip import SIPStore
from tests.support.livekit import NUMBER, a_rule, a_trunk, connected


def _rule(trunk_id: str, *numbers: str) -> api.SIPDispatchRuleInfo:
    own = api.SIPDispatchRuleIndividual(room_prefix="call")
    return api.SIPDispatchRuleInfo(
        trunk_ids=[trunk_id],
        numbers=numbers,
        rule=api.SIPDispatchRule(dispatch_rule_individual=own),
    )


async def test_a_number_in_another_spelling_conflicts_and_names_both_trunks() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        trunk_id = await a_trunk(client, NUMBER)
        with pytest.raises(api.TwirpError, match=f"<new> and {trunk_id}") as refusal:
            await a_trunk(client, "1 (555) 000-1001")
    assert refusal.value.code == "invalid_argument"


async def test_a_trunk_changed_to_another_number_frees_the_first() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        trunk_id = await a_trunk(client, NUMBER)
        moved = api.SIPInboundTrunkInfo(numbers=["+15550001002"])
        await client.sip.update_inbound_trunk(trunk_id, moved)
        await a_trunk(client, NUMBER)
        with pytest.raises(api.TwirpError, match="Conflicting"):
            await a_trunk(client, "+15550001002")


async def test_one_pair_of_equal_rules_keeps_every_new_rule_out_until_one_is_gone() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        lk.sip.rules["SDR_a"] = _rule("ST_a")
        lk.sip.rules["SDR_b"] = _rule("ST_a")
        with pytest.raises(api.TwirpError, match="SDR_a"):
            await a_rule(client, "ST_c")
        await client.sip.delete_dispatch_rule(
            api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id="SDR_b")
        )
        await a_rule(client, "ST_c")


async def test_a_rule_is_replaced_beside_a_pair_of_equal_rules_of_other_trunks() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        rule_id = await a_rule(client, "ST_c")
        lk.sip.rules["SDR_a"] = _rule("ST_a")
        lk.sip.rules["SDR_b"] = _rule("ST_a")
        await client.sip.update_dispatch_rule(rule_id, _rule("ST_c", NUMBER))
        with pytest.raises(api.TwirpError, match="SDR_a"):
            await client.sip.update_dispatch_rule(rule_id, _rule("ST_a", NUMBER))


async def test_a_rule_with_both_spellings_of_a_number_conflicts_with_itself() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        with pytest.raises(api.TwirpError, match="already exists"):
            await client.sip.create_dispatch_rule(
                api.CreateSIPDispatchRuleRequest(
                    dispatch_rule=_rule("ST_a", NUMBER, NUMBER.removeprefix("+"))
                )
            )


async def test_a_page_does_not_cut_a_list() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        for number in range(3):
            await a_trunk(client, f"+1555000200{number}")
        listed = await client.sip.list_inbound_trunk(
            api.ListSIPInboundTrunkRequest(page=api.Pagination(limit=1))
        )
    assert len(listed.items) == 3


async def test_deleting_what_is_unknown_succeeds_for_trunks_and_not_for_rules() -> None:
    async with simulated_livekit() as lk, connected(lk) as client:
        await client.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id="ST_none"))
        with pytest.raises(api.TwirpError) as refusal:
            await client.sip.delete_dispatch_rule(
                api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id="SDR_none")
            )
    assert refusal.value.code == "not_found"


async def test_ten_thousand_pairs_are_created_and_still_checked_for_conflicts() -> None:
    store = SIPStore()
    for number in range(10_000):
        trunk = api.SIPInboundTrunkInfo(numbers=[f"+1555{number:07}"])
        made = await store.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
        rule = api.CreateSIPDispatchRuleRequest(dispatch_rule=_rule(made.sip_trunk_id))
        await store.create_dispatch_rule(rule)
    assert (len(store.inbound), len(store.rules)) == (10_000, 10_000)
    again = api.SIPInboundTrunkInfo(numbers=["15550005000"])
    with pytest.raises(Exception, match="Conflicting"):
        await store.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=again))
    store.flush()
    await store.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=again))
