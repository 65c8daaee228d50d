"""Every field of an object of ours is held against what it should be, whatever its tag says."""

from typing import Any

import msgspec
import pytest

from cordboard.routing.livekit_shapes import DispatchRule, InboundTrunk
from tests.unit.routing.test_comparison import a_pair, difference, rule_of, trunk_of

TRUNK: dict[str, Any] = {
    "metadata": "{}",
    "numbers": ("+15550009999",),
    "allowed_addresses": ("0.0.0.0/0",),
    "allowed_numbers": ("+15550007777",),
    "has_digest": True,
    "ringing_timeout_s": 170,
    "max_call_duration_s": 0,
}
RULE: dict[str, Any] = {
    "metadata": "{}",
    "trunk_ids": ("ST_1", "ST_2"),
    "agents": (),
    "is_one_room_per_call": False,
    "room_prefix": "lobby",
    "has_filters": True,
}
NAMES = {"trunk_id", "rule_id", "name"}
"""What tells objects apart, and what people read; neither decides about a call."""


def test_every_field_is_among_those_that_are_tried() -> None:
    assert set(TRUNK) == set(InboundTrunk.__struct_fields__) - NAMES
    assert set(RULE) == set(DispatchRule.__struct_fields__) - NAMES


@pytest.mark.parametrize("field", [name for name in TRUNK if name != "metadata"])
def test_a_trunk_that_differs_in_one_field_is_repaired_and_kept(field: str) -> None:
    pair = a_pair()
    trunk = msgspec.structs.replace(trunk_of(pair), **{field: TRUNK[field]})
    found = difference([trunk], [rule_of(pair)], pair)
    (repair,) = found.repairs
    assert (repair.trunk, repair.is_trunk_right, repair.is_rule_right) == (trunk, False, True)
    assert (found.surplus_trunks, found.surplus_rules, found.ready) == ((), (), {})


@pytest.mark.parametrize("field", [name for name in RULE if name != "metadata"])
def test_a_rule_that_differs_in_one_field_is_repaired_and_kept(field: str) -> None:
    pair = a_pair()
    rule = msgspec.structs.replace(rule_of(pair), **{field: RULE[field]})
    found = difference([trunk_of(pair)], [rule], pair)
    (repair,) = found.repairs
    assert (repair.rule, repair.is_trunk_right, repair.is_rule_right) == (rule, True, False)
    assert (found.surplus_trunks, found.surplus_rules, found.ready) == ((), (), {})


def test_a_trunk_whose_rule_takes_only_some_of_its_calls_is_a_hole() -> None:
    pair = a_pair()
    rule = msgspec.structs.replace(rule_of(pair), has_filters=True)
    (repair,) = difference([trunk_of(pair)], [rule], pair).repairs
    assert repair.is_hole


def test_what_lost_its_tag_is_not_ours_any_more_and_is_made_anew_beside_it() -> None:
    pair = a_pair()
    trunk = msgspec.structs.replace(trunk_of(pair), metadata="{}", numbers=("+15550009999",))
    rule = msgspec.structs.replace(rule_of(pair), metadata="{}")
    found = difference([trunk], [rule], pair)
    (repair,) = found.repairs
    assert (repair.trunk, repair.rule) == (None, None)
    assert (found.surplus_trunks, found.surplus_rules) == ((), ())


def test_of_duplicates_the_pair_that_belongs_together_stays() -> None:
    pair = a_pair()
    both = msgspec.structs.replace(rule_of(pair, "SDR_1", "ST_1"), trunk_ids=("ST_1", "ST_2"))
    trunks = [trunk_of(pair, "ST_1"), trunk_of(pair, "ST_2")]
    found = difference(trunks, [both, rule_of(pair, "SDR_2", "ST_2")], pair)
    assert (found.ready["num_1"].trunk_id, found.ready["num_1"].rule_id) == ("ST_2", "SDR_2")
    assert [each.object_id for each in found.surplus_trunks] == ["ST_1"]
    assert [each.object_id for each in found.surplus_rules] == ["SDR_1"]
