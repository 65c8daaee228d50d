"""The real livekit-server with the gateway of `tests/e2e/gateway`, for this package."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from livekit import api

from cordboard.simulated.livekit import Behaviour
from tests.e2e.gateway.bus import Bus, opened_bus
from tests.e2e.gateway.canary import check_wire
from tests.e2e.gateway.lookups import SERVICE
from tests.e2e.gateway.seat import Server
from tests.e2e.livekit_server import KEY, SECRET, livekit_server
from tests.e2e.tone_worker import ToneWorker, registered_worker

# LiveKit's client complains of every data channel that closes with its room.
logging.getLogger("livekit").setLevel(logging.CRITICAL)


class Gateway(NamedTuple):
    """A running livekit-server, its Redis, and the way that calls take into it."""

    server: Server
    redis_port: int
    bus: Bus
    running: AsyncExitStack

    async def worker(self, agent_name: str, behaviour: Behaviour) -> ToneWorker:
        """Run a worker for as long as the server."""
        worker = ToneWorker(agent_name, "", behaviour, self.server.url)
        opening = registered_worker(worker, self.server.url, (KEY, SECRET))
        return await self.running.enter_async_context(opening)


@asynccontextmanager
async def opened_gateway(folder: Path, events_urls: Sequence[str]) -> AsyncIterator[Gateway]:
    """Run a livekit-server for the time of a block."""
    async with AsyncExitStack() as running:
        stack = running.enter_context(livekit_server(folder, events_urls))
        server = Server(stack.url, KEY, SECRET)
        bus = await running.enter_async_context(opened_bus(stack.redis_port))
        await bus.listen(SERVICE)
        async with api.LiveKitAPI(server.url, KEY, SECRET) as client:
            await check_wire(bus, client)
        yield Gateway(server, stack.redis_port, bus, running)
