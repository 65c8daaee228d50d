"""Several things go on at once, and the first to end decides."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_of(*what: Coroutine[Any, Any, object], within_s: float | None = None) -> int | None:
    """Return the place of what ends first, None when nothing does in time; the rest is cancelled.

    Raises:
        BaseException: What ended first has failed so.
    """
    tasks = [asyncio.ensure_future(each) for each in what]
    try:
        done, _ = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        first = next((place for place, task in enumerate(tasks) if task in done), None)
        if first is not None:
            tasks[first].result()
        return first
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
