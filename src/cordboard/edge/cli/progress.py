"""A spinner on stderr for whoever waits at a terminal for more than a second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cordboard.edge.cli.output import console, visible

QUIET_S = 1.0


@asynccontextmanager
async def progress(text: str) -> AsyncIterator[Callable[[str], None]]:
    """Show that work goes on inside the block, once it takes over a second.

    Yields a function that replaces the text. Rich shows nothing where stderr is no terminal.
    """
    status = console(stderr=True).status(visible(text))

    async def show_later() -> None:
        await asyncio.sleep(QUIET_S)
        status.start()

    shown = asyncio.create_task(show_later())
    try:
        yield lambda newer: status.update(visible(newer))
    finally:
        shown.cancel()
        status.stop()
