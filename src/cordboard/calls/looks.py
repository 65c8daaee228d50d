"""A turn of the poller: many looks, of which some may fail."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from cordboard.runtime.errors import DomainError

MOST_FAILURES = 5
"""How many looks of a turn may fail: each may take as long as the other side is waited for."""

Look: TypeAlias = Callable[[], Awaitable[None]]


async def look_everywhere(looks: Sequence[Look], turn: int) -> None:
    """Look everywhere, each turn from another place on, until too many looks have failed.

    Raises:
        DomainError: The first failure; a room that LiveKit or the database fails keeps none of the
            others from its turn.
    """
    begin = turn % len(looks) if looks else 0
    failures: list[DomainError] = []
    for look in (*looks[begin:], *looks[:begin]):
        try:
            await look()
        except DomainError as error:
            failures.append(error)
            if len(failures) == MOST_FAILURES:
                break
    if failures:
        raise failures[0]
