"""Remove what is ours at LiveKit and should not be there."""

from collections.abc import Callable, Iterable

from cordboard.provisioning.for_each_tag import for_each_tag
from cordboard.routing.comparison import Difference, Surplus
from cordboard.routing.livekit import LiveKit


async def remove_surplus(
    livekit: LiveKit, difference: Difference, may_go_on: Callable[[], bool]
) -> set[str]:
    """Remove the surplus; return the tags of which something is left.

    Trunks go first, and a rule stays while its trunk does, so that no call rings for ever.

    Raises:
        LiveKitError: LiveKit cannot be worked with.
    """

    async def delete_trunks(surplus: list[Surplus]) -> None:
        for each in surplus:
            await livekit.delete_trunk(each.object_id)

    async def delete_rules(surplus: list[Surplus]) -> None:
        for each in surplus:
            await livekit.delete_dispatch_rule(each.object_id)

    trunks = await for_each_tag(_by_tag(difference.surplus_trunks), delete_trunks, may_go_on)
    left = {tag for tag, outcome in trunks.items() if outcome is not None}
    rules = [it for it in difference.surplus_rules if it.tag not in left]
    gone = await for_each_tag(_by_tag(rules), delete_rules, may_go_on)
    return left | {tag for tag, outcome in gone.items() if outcome is not None}


def _by_tag(surplus: Iterable[Surplus]) -> list[tuple[str, list[Surplus]]]:
    tags: dict[str, list[Surplus]] = {}
    for each in surplus:
        tags.setdefault(each.tag, []).append(each)
    return list(tags.items())
