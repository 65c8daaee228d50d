"""An HTTP server of a test's own, on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

HOST = "127.0.0.1"


@asynccontextmanager
async def served(app: web.Application, ends_within_s: float = 60) -> AsyncIterator[str]:
    """Serve an application on a free port for the time of a block; its URL has no path.

    Args:
        app: What answers.
        ends_within_s: How long requests may take that are under way at the end.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=ends_within_s)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
