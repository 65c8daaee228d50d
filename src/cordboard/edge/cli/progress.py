"""A spinner on stderr for whoever waits at a terminal for more than a second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cordboard.edge.cli.output import console, visible

QUIET_S = 1.0


@asynccontextmanager
async def progress(text: str) -> AsyncIterator[Callable[[str], None]]:
    """Show that work goes on inside the block, once it takes over a second.

    Yields a function that replaces the text. Nothing is shown where stderr is no terminal.
    """
    out = console(stderr=True)
    status = out.status(visible(text))

    async def show_later() -> None:
        await asyncio.sleep(QUIET_S)
        status.start()

    shown = asyncio.create_task(show_later()) if out.is_terminal else None
    try:
        yield lambda newer: status.update(visible(newer))
    finally:
        if shown is not None:
            shown.cancel()
        status.stop()
