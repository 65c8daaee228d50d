"""What differs between the topology that should be and what LiveKit lists. Pure.

The cost is one pass over both, whether nothing drifted or everything did. Only what carries our
tag is ever to be changed; of the rest, what is dangerous or stands in the way is reported.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import attrgetter

import msgspec

from cordboard.routing.livekit_shapes import DispatchRule, InboundTrunk
from cordboard.routing.topology import (
    CATCH_ALL,
    ROOM_PREFIX,
    DesiredRule,
    DesiredTrunk,
    Pair,
    tag_of,
)

EVERY_NUMBER = "every number"

_FORMATTED = re.compile(r"\+?[0-9 \-()]+")
_trunk_id = attrgetter("trunk_id")
_rule_id = attrgetter("rule_id")


class Danger(StrEnum):
    """What can be wrong with an object that is not ours: a closed set."""

    RULE_WITHOUT_TRUNKS = "rule_without_trunks"
    RULE_ON_OUR_TRUNK = "rule_on_our_trunk"
    WILDCARD_TRUNK = "wildcard_trunk"
    OPEN_TRUNK = "open_trunk"
    SAME_NUMBER = "same_number"


class Warned(msgspec.Struct, frozen=True):
    """A foreign object that endangers calls; it is reported and left alone."""

    danger: Danger
    object_id: str
    detail: str


class Repair(msgspec.Struct, frozen=True, gc=False):
    """A pair that is not as it should be, with what there is of it.

    Attributes:
        tag: Which pair it is. What it should be is not kept: there can be ten thousand of them.
        trunk, rule: The objects to keep and put right; None where one must be made.
    """

    tag: str
    trunk: InboundTrunk | None
    rule: DispatchRule | None
    is_trunk_right: bool
    is_rule_right: bool

    @property
    def is_hole(self) -> bool:
        """Whether the trunk takes calls that no rule of ours takes on: they ring for ever."""
        if self.trunk is None:
            return False
        rule = self.rule
        return rule is None or self.trunk.trunk_id not in rule.trunk_ids or rule.has_filters


class Surplus(msgspec.Struct, frozen=True):
    """An object of ours that should not be, and the tag that it carries."""

    tag: str
    object_id: str


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A pair that is as it should be."""

    trunk_id: str
    rule_id: str


class Difference(msgspec.Struct, frozen=True):
    """Everything that a tick has to know.

    Attributes:
        surplus_trunks, surplus_rules: What is ours and should not be: duplicates, which block
            everybody's new rules, trunks that a foreign rule names, and what belongs to nothing
            any more. They go before anything is made.
        repairs: Pairs to put right, the catch-all before all others, gaps before changes.
        ready: Tag → the pair that stands.
        blocked: Tag → the id of the foreign object that has its number.
        warnings: Dangerous foreign objects.
    """

    surplus_trunks: tuple[Surplus, ...]
    surplus_rules: tuple[Surplus, ...]
    repairs: list[Repair]
    ready: dict[str, Ready]
    blocked: dict[str, str]
    warnings: tuple[Warned, ...]


class _Existing(msgspec.Struct):
    """What LiveKit lists, sorted by whose it is; of ours, what was not looked at yet, by tag.

    Tuples, because the garbage collector forgets those that hold nothing of its concern; as many
    lists it would go through again and again.
    """

    trunks: dict[str, tuple[InboundTrunk, ...]]
    rules: dict[str, tuple[DispatchRule, ...]]
    foreign_trunks: list[InboundTrunk]
    foreign_rules: list[DispatchRule]
    shadowed: set[str]


class _Found(msgspec.Struct):
    """A difference in the making; ``shared`` are our numbers that a foreign trunk has too."""

    ready: dict[str, Ready]
    blocked: dict[str, str]
    repairs: list[Repair]
    surplus_trunks: list[Surplus]
    surplus_rules: list[Surplus]
    shared: set[str]


def compare(
    desired: Iterable[Pair],
    trunks: Iterable[InboundTrunk],
    rules: Iterable[DispatchRule],
    installation: str,
) -> Difference:
    """Return what must be done to get from what is listed to what is desired.

    Args:
        desired: Each tag once. None is kept that stands, so they may be made one by one.
        trunks: Everything LiveKit lists.
        rules: Everything LiveKit lists.
        installation: Whose tags are ours.
    """
    existing = _sorted(trunks, rules, installation)
    about_rules = tuple(_warnings_about_rules(existing))
    found = _Found({}, {}, [], [], [], set())
    taken = _taken(existing.foreign_trunks)
    for pair in desired:
        _look_at(pair.trunk.tag_name, pair, existing, taken, found)
    for tag in [*existing.trunks, *(tag for tag in existing.rules if tag not in existing.trunks)]:
        _look_at(tag, None, existing, taken, found)
    found.repairs.sort(key=_place)
    return Difference(
        surplus_trunks=tuple(found.surplus_trunks),
        surplus_rules=tuple(found.surplus_rules),
        repairs=found.repairs,
        ready=found.ready,
        blocked=found.blocked,
        warnings=(*about_rules, *_warnings_about_trunks(existing, found.shared)),
    )


def _place(repair: Repair) -> int:
    """Return which repairs go first: the catch-all, then holes, then what is missing."""
    if repair.tag == CATCH_ALL:
        return 0
    if repair.trunk is None:
        return 2
    return 1 if repair.is_hole else 3


def _look_at(
    tag: str, pair: Pair | None, existing: _Existing, taken: dict[str, str], found: _Found
) -> None:
    """Note what one tag needs: nothing, a repair, or that what there is of it goes."""
    trunks, rules = existing.trunks.pop(tag, ()), existing.rules.pop(tag, ())
    trunk, rule = _kept(trunks, rules, existing.shadowed)
    foreign = _blocking(pair, taken, found.shared)
    repair = None if pair is None else _repair(pair, trunk, rule)
    if repair is None:
        trunk = rule = None
    elif isinstance(repair, Ready) and (foreign is None or tag == CATCH_ALL):
        found.ready[tag] = repair
    elif foreign is not None:
        found.blocked[tag] = foreign
        if tag != CATCH_ALL:
            trunk = rule = None
    elif isinstance(repair, Repair):
        found.repairs.append(repair)
    for each in trunks:
        if each is not trunk:
            found.surplus_trunks.append(Surplus(tag, each.trunk_id))
    for other in rules:
        if other is not rule:
            found.surplus_rules.append(Surplus(tag, other.rule_id))


def _sorted(
    trunks: Iterable[InboundTrunk], rules: Iterable[DispatchRule], installation: str
) -> _Existing:
    existing = _Existing({}, {}, [], [], set())
    for trunk in trunks:
        if (tag := tag_of(trunk.metadata, installation)) is None:
            existing.foreign_trunks.append(trunk)
        else:
            existing.trunks[tag.name] = (*existing.trunks.get(tag.name, ()), trunk)
    for rule in rules:
        if (tag := tag_of(rule.metadata, installation)) is None:
            existing.foreign_rules.append(rule)
            existing.shadowed.update(rule.trunk_ids)
        else:
            existing.rules[tag.name] = (*existing.rules.get(tag.name, ()), rule)
    return existing


def _kept(
    trunks: tuple[InboundTrunk, ...], rules: tuple[DispatchRule, ...], shadowed: set[str]
) -> tuple[InboundTrunk | None, DispatchRule | None]:
    """Of several objects with one tag, keep a rule and the trunk that it names, else the first.

    A trunk that a foreign rule names is not kept, nor is its rule: the two rules conflict, and
    while they do, no rule of anybody's can be made. A new trunk has a new id, which the foreign
    rule does not name.
    """
    own_trunks = [each for each in trunks if each.trunk_id not in shadowed]
    own_rules = [each for each in rules if shadowed.isdisjoint(each.trunk_ids)]
    own_trunks.sort(key=_trunk_id)
    own_rules.sort(key=_rule_id)
    for rule in own_rules:
        for trunk in own_trunks:
            if rule.trunk_ids == (trunk.trunk_id,):
                return trunk, rule
    return (own_trunks[0] if own_trunks else None), (own_rules[0] if own_rules else None)


def _taken(foreign: Iterable[InboundTrunk]) -> dict[str, str]:
    """Return which numbers foreign trunks have; ``EVERY_NUMBER`` stands for a wildcard.

    A trunk for certain callers has its numbers too: for those callers two trunks would match, and
    LiveKit answers 503. A wildcard for certain callers leaves all others to the catch-all.
    """
    taken: dict[str, str] = {}
    for trunk in foreign:
        if trunk.numbers or not trunk.allowed_numbers:
            for number in trunk.numbers or (EVERY_NUMBER,):
                taken[_normalised(number)] = trunk.trunk_id
    return taken


def _blocking(pair: Pair | None, taken: dict[str, str], shared: set[str]) -> str | None:
    """Return the foreign trunk that has one of the pair's numbers, and note which it has."""
    if pair is None or not taken:
        return None
    numbers = [_normalised(number) for number in pair.trunk.numbers or (EVERY_NUMBER,)]
    found = [number for number in numbers if number in taken]
    shared.update(found)
    return taken[found[0]] if found else None


def _repair(pair: Pair, trunk: InboundTrunk | None, rule: DispatchRule | None) -> Repair | Ready:
    is_trunk_right = trunk is not None and _is_trunk(trunk, pair.trunk)
    is_rule_right = rule is not None and _is_rule(rule, pair.rule, trunk)
    if trunk is not None and rule is not None and is_trunk_right and is_rule_right:
        return Ready(trunk.trunk_id, rule.rule_id)
    return Repair(pair.trunk.tag_name, trunk, rule, is_trunk_right, is_rule_right)


def is_right(pair: Pair, trunk: InboundTrunk | None, rule: DispatchRule | None) -> bool:
    """Whether a pair stands as it should."""
    return isinstance(_repair(pair, trunk, rule), Ready)


def _is_trunk(actual: InboundTrunk, wanted: DesiredTrunk) -> bool:
    """Whether a trunk is what it should be, in its fields and not only by its tag."""
    return (
        actual.metadata == wanted.metadata()
        and actual.numbers == wanted.numbers
        and actual.allowed_addresses == wanted.allowed_addresses
        and not actual.allowed_numbers
        and not actual.has_digest
        and actual.ringing_timeout_s == wanted.ringing_timeout_s
        and actual.max_call_duration_s == wanted.max_call_duration_s
    )


def _is_rule(actual: DispatchRule, wanted: DesiredRule, trunk: InboundTrunk | None) -> bool:
    return (
        trunk is not None
        and actual.metadata == wanted.metadata()
        and actual.trunk_ids == (trunk.trunk_id,)
        and actual.agents == ((wanted.agent_name, wanted.deployment, wanted.job_metadata),)
        and actual.is_one_room_per_call
        and actual.room_prefix == ROOM_PREFIX
        and not actual.has_filters
    )


def _warnings_about_rules(existing: _Existing) -> Iterator[Warned]:
    """Report the rules that endanger calls and are not ours to change."""
    ours = {
        trunk.trunk_id
        for trunks in (existing.trunks.values() if existing.shadowed else ())
        for trunk in trunks
    }
    for rule in existing.foreign_rules:
        if not rule.trunk_ids:
            detail = "answers calls that match no trunk at all, so anybody's; give it trunk_ids"
            yield Warned(Danger.RULE_WITHOUT_TRUNKS, rule.rule_id, detail)
        elif not ours.isdisjoint(rule.trunk_ids):
            detail = "names a trunk of Cordboard's, whose calls it would take; remove it"
            yield Warned(Danger.RULE_ON_OUR_TRUNK, rule.rule_id, detail)


def _warnings_about_trunks(existing: _Existing, shared: set[str]) -> Iterator[Warned]:
    """Report the trunks that endanger calls and are not ours to change."""
    for trunk in existing.foreign_trunks:
        if not trunk.numbers and not trunk.allowed_numbers:
            detail = "takes every number, so Cordboard's catch-all cannot be made; remove it"
            yield Warned(Danger.WILDCARD_TRUNK, trunk.trunk_id, detail)
        if not trunk.allowed_addresses and not trunk.has_digest:
            detail = "accepts calls from everywhere; limit it to the carrier's addresses"
            yield Warned(Danger.OPEN_TRUNK, trunk.trunk_id, detail)
        if any(_normalised(number) in shared for number in trunk.numbers):
            detail = "has a number that is registered here; its calls do not reach Cordboard"
            yield Warned(Danger.SAME_NUMBER, trunk.trunk_id, detail)


def _normalised(number: str) -> str:
    """Return a number as LiveKit compares it: formatting off, a plus in front."""
    if number[:1] == "+" and number[1:].isdecimal() and number.isascii():
        return number
    if not _FORMATTED.fullmatch(number):
        return number
    return "+" + re.sub(r"[^0-9]", "", number)
