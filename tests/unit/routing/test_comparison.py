"""What differs between what should be at LiveKit and what is; pure."""

from collections.abc import Sequence

import msgspec
import pytest

from cordboard.numbers.e164 import E164
from cordboard.routing.comparison import Danger, Difference, compare
from cordboard.routing.livekit_shapes import DispatchRule, InboundTrunk
from cordboard.routing.topology import CATCH_ALL, ROOM_PREFIX, Pair, catch_all, unrouted
from tests.support.reconciled import an_estate

NUMBER = E164("+14155550100")
ESTATE = an_estate()


def a_pair(name: str = "num_1", number: E164 = NUMBER) -> Pair:
    pair = catch_all(ESTATE)
    return Pair(
        msgspec.structs.replace(pair.trunk, tag_name=name, numbers=(number,)),
        msgspec.structs.replace(pair.rule, tag_name=name, agent_name="desk"),
    )


def trunk_of(pair: Pair, trunk_id: str = "ST_1") -> InboundTrunk:
    return InboundTrunk(
        trunk_id=trunk_id,
        name=pair.trunk.name,
        metadata=pair.trunk.metadata(),
        numbers=pair.trunk.numbers,
        allowed_addresses=pair.trunk.allowed_addresses,
        allowed_numbers=(),
        has_digest=False,
        ringing_timeout_s=pair.trunk.ringing_timeout_s,
        max_call_duration_s=pair.trunk.max_call_duration_s,
    )


def rule_of(pair: Pair, rule_id: str = "SDR_1", trunk_id: str = "ST_1") -> DispatchRule:
    return DispatchRule(
        rule_id=rule_id,
        name=pair.rule.name,
        metadata=pair.rule.metadata(),
        trunk_ids=(trunk_id,),
        agents=((pair.rule.agent_name, pair.rule.deployment, pair.rule.job_metadata),),
        is_one_room_per_call=True,
        room_prefix=ROOM_PREFIX,
        has_filters=False,
    )


def difference(
    trunks: Sequence[InboundTrunk], rules: Sequence[DispatchRule], *pairs: Pair
) -> Difference:
    return compare(pairs, trunks, rules, ESTATE.installation)


def a_foreign_trunk(*numbers: str, allowed_numbers: tuple[str, ...] = ()) -> InboundTrunk:
    plain = msgspec.structs.replace(trunk_of(a_pair(), "ST_foreign"), metadata="somebody's")
    return msgspec.structs.replace(plain, numbers=numbers, allowed_numbers=allowed_numbers)


def a_foreign_rule(*trunk_ids: str) -> DispatchRule:
    plain = msgspec.structs.replace(rule_of(a_pair(), "SDR_foreign"), metadata="")
    return msgspec.structs.replace(plain, trunk_ids=trunk_ids)


def test_a_pair_that_stands_needs_nothing() -> None:
    pair = a_pair()
    found = difference([trunk_of(pair)], [rule_of(pair)], pair)
    assert found.repairs == []
    assert (found.surplus_trunks, found.surplus_rules) == ((), ())
    assert (found.ready["num_1"].trunk_id, found.ready["num_1"].rule_id) == ("ST_1", "SDR_1")


def test_the_catch_all_is_repaired_first_and_holes_before_gaps() -> None:
    hole, gap = a_pair("num_0", E164("+14155550101")), a_pair("num_9")
    found = difference([trunk_of(hole)], [], gap, hole, catch_all(ESTATE))
    assert [repair.tag for repair in found.repairs] == [CATCH_ALL, "num_0", "num_9"]
    assert [repair.is_hole for repair in found.repairs] == [False, True, False]


def test_a_trunk_whose_rule_names_another_is_a_hole() -> None:
    pair = a_pair()
    (repair,) = difference([trunk_of(pair)], [rule_of(pair, trunk_id="ST_2")], pair).repairs
    assert (repair.is_hole, repair.is_trunk_right, repair.is_rule_right) == (True, True, False)


def test_of_duplicates_the_pair_that_belongs_together_stays() -> None:
    pair = a_pair()
    trunks = [trunk_of(pair, "ST_1"), trunk_of(pair, "ST_2")]
    rules = [rule_of(pair, "SDR_1", "ST_gone"), rule_of(pair, "SDR_2", "ST_2")]
    found = difference(trunks, rules, pair)
    assert [surplus.object_id for surplus in found.surplus_trunks] == ["ST_1"]
    assert [surplus.object_id for surplus in found.surplus_rules] == ["SDR_1"]
    assert found.ready["num_1"].trunk_id == "ST_2"


def test_what_belongs_to_no_number_is_surplus() -> None:
    pair = a_pair()
    found = difference([trunk_of(pair)], [rule_of(pair)])
    assert [surplus.tag for surplus in (*found.surplus_trunks, *found.surplus_rules)] == [
        "num_1",
        "num_1",
    ]


def test_a_trunk_that_waits_for_its_number_is_no_right_trunk() -> None:
    pair = a_pair()
    born = trunk_of(msgspec.structs.replace(pair, trunk=unrouted(pair.trunk)))
    (repair,) = difference([born], [rule_of(pair)], pair).repairs
    assert (repair.is_trunk_right, repair.is_rule_right) == (False, True)


@pytest.mark.parametrize("spelt", ["+14155550100", "14155550100", "+1 (415) 555-0100"])
@pytest.mark.parametrize("callers", [(), ("+15550007777",)])
def test_a_foreign_trunk_with_the_number_blocks_it(spelt: str, callers: tuple[str, ...]) -> None:
    pair = a_pair()
    foreign = a_foreign_trunk(spelt, allowed_numbers=callers)
    found = difference([foreign, trunk_of(pair)], [rule_of(pair)], pair)
    assert found.blocked == {"num_1": "ST_foreign"}
    assert [surplus.object_id for surplus in found.surplus_trunks] == ["ST_1"]
    assert Danger.SAME_NUMBER in {warned.danger for warned in found.warnings}


def test_a_foreign_wildcard_for_some_callers_does_not_block_the_catch_all() -> None:
    foreign = a_foreign_trunk(allowed_numbers=("+15550007777",))
    found = difference([foreign], [], catch_all(ESTATE))
    assert found.blocked == {}
    assert [repair.tag for repair in found.repairs] == [CATCH_ALL]


@pytest.mark.parametrize(
    ("trunks", "rules", "danger"),
    [
        ([a_foreign_trunk()], [], Danger.WILDCARD_TRUNK),
        ([], [a_foreign_rule()], Danger.RULE_WITHOUT_TRUNKS),
        ([trunk_of(a_pair())], [a_foreign_rule("ST_1")], Danger.RULE_ON_OUR_TRUNK),
        (
            [msgspec.structs.replace(a_foreign_trunk("+15550001111"), allowed_addresses=())],
            [],
            Danger.OPEN_TRUNK,
        ),
    ],
)
def test_a_dangerous_foreign_object_is_reported_by_its_id(
    trunks: list[InboundTrunk], rules: list[DispatchRule], danger: Danger
) -> None:
    (warned,) = difference(trunks, rules, a_pair()).warnings
    assert warned.danger is danger
    assert warned.object_id in {"ST_foreign", "SDR_foreign"}
    surplus = {each.object_id for each in difference(trunks, rules).surplus_trunks}
    assert "ST_foreign" not in surplus


def test_a_harmless_foreign_object_is_not_reported() -> None:
    found = difference([a_foreign_trunk("+15550001111")], [a_foreign_rule("ST_foreign")], a_pair())
    assert found.warnings == ()
