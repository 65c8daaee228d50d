"""Do something at LiveKit for each of many pairs, several at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from cordboard.routing.livekit_errors import Effect, LiveKitError, LiveKitUnreachableError

log = structlog.get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")

IN_FLIGHT = 8
MOST_UNANSWERED = 8


async def for_each_tag(
    items: Iterable[tuple[str, T]],
    do: Callable[[T], Awaitable[R]],
    may_go_on: Callable[[], bool],
) -> dict[str, R | LiveKitError]:
    """Do something for each tag; return what came of it.

    Stops in silence when it may not go on, and with an error when LiveKit takes no connection, or
    leaves too much unanswered: the next tick goes on.

    Raises:
        LiveKitError: LiveKit cannot be worked with; single failures are returned instead.
    """
    outcomes: dict[str, R | LiveKitError] = {}
    queue = iter(items)
    unanswered = 0

    async def work() -> None:
        nonlocal unanswered
        for tag, item in queue:
            if not may_go_on():
                return
            try:
                outcomes[tag] = await do(item)
            except LiveKitError as error:
                log.warning("repair_failed", tag=tag, code=error.code, reason=error.livekit_code)
                outcomes[tag] = error
                unanswered += is_unanswered(error)
                if isinstance(error, LiveKitUnreachableError) or unanswered > MOST_UNANSWERED:
                    raise

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return outcomes


def is_unanswered(outcome: object) -> bool:
    """Whether nobody knows if it was done."""
    return isinstance(outcome, LiveKitError) and outcome.effect is Effect.UNKNOWN
