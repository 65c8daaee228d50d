"""Put one pair of trunk and rule right, in the order that leaves no hole."""

from collections.abc import Awaitable, Callable

from cordboard.routing.comparison import Ready, Repair
from cordboard.routing.livekit import LiveKit
from cordboard.routing.topology import Pair, unrouted


async def always() -> bool:
    """Whether a pair is still wanted that belongs to no number."""
    return True


async def repair_pair(
    livekit: LiveKit,
    wanted: Pair,
    repair: Repair,
    is_still_wanted: Callable[[], Awaitable[bool]] = always,
) -> Ready:
    """Make a pair what it should be and return the ids of its halves.

    A trunk without its rule would ring for ever. So a trunk is born with a number that nobody can
    dial, then its rule is made, then it gets its own number; a trunk that lost its rule goes the
    same way again. Wherever this stops, a call meets either the pair or the catch-all, and the
    next repair finds by its tag what this one left.

    Its number may be deleted meanwhile, and LiveKit may take long for each step. So it is looked
    once more before the last one: a trunk that is not wanted takes no calls until it is removed.

    Raises:
        LiveKitError: A step failed; as its ``effect`` says, it may have been done.
    """
    trunk, rule = repair.trunk, repair.rule
    is_trunk_right = repair.is_trunk_right
    if trunk is None:
        trunk_id = await livekit.create_inbound_trunk(unrouted(wanted.trunk))
    else:
        trunk_id = trunk.trunk_id
        if repair.is_hole and trunk.numbers != unrouted(wanted.trunk).numbers:
            await livekit.replace_inbound_trunk(trunk_id, unrouted(wanted.trunk))
            is_trunk_right = False
    if rule is None:
        rule_id = await livekit.create_dispatch_rule(wanted.rule, trunk_id)
    else:
        rule_id = rule.rule_id
        if not repair.is_rule_right:
            await livekit.replace_dispatch_rule(rule_id, wanted.rule, trunk_id)
    if not is_trunk_right and await is_still_wanted():
        await livekit.replace_inbound_trunk(trunk_id, wanted.trunk)
    return Ready(trunk_id, rule_id)
