"""The gateway stand-in on a real livekit-server as a driver of scenarios."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from livekit import api

from cordboard.simulated.livekit import Behaviour, Dialled, Outcome
from tests.e2e.gateway.bus import Bus, opened_bus
from tests.e2e.gateway.canary import check_wire
from tests.e2e.gateway.inbound import InboundCall
from tests.e2e.gateway.lookups import SERVICE, Invite
from tests.e2e.gateway.outbound import FarEnd
from tests.e2e.livekit_server import KEY, SECRET, livekit_server
from tests.e2e.seats import Server, opened_seats
from tests.e2e.tone_worker import ToneWorker, registered_worker


class GatewayDriver:
    """A real livekit-server whose SIP side is the gateway.

    Attributes:
        server: Everything about the server.
    """

    carrier_address = "carrier.example.com"

    def __init__(self, server: Server, bus: Bus, far_end: FarEnd, stack: AsyncExitStack) -> None:
        self.url, self.api_key, self.api_secret = server.url, server.api_key, server.api_secret
        self.server = server
        self._bus, self._far_end, self._stack = bus, far_end, stack

    @property
    def dialled(self) -> list[Dialled]:
        return self._far_end.dialled

    async def register_worker(
        self, agent_name: str, deployment: str, behaviour: Behaviour
    ) -> ToneWorker:
        registering = registered_worker(agent_name, deployment, behaviour, self.server)
        return await self._stack.enter_async_context(registering)

    async def call(self, to: str, from_: str, *, source: str, from_host: str) -> InboundCall:
        call = InboundCall(self._bus, self.server, Invite(to, from_, source, from_host))
        self._stack.push_async_callback(call.stop)
        return call

    async def set_callee(self, number: str, outcome: Outcome) -> None:
        self._far_end.outcomes[number] = outcome

    async def flush(self) -> None:
        await self._bus.flush()


@asynccontextmanager
async def open_driver(folder: Path, webhook_urls: Sequence[str]) -> AsyncIterator[GatewayDriver]:
    """Run a livekit-server with the gateway for the time of a block, canary first."""
    async with AsyncExitStack() as stack:
        running = stack.enter_context(livekit_server(folder, webhook_urls))
        seats = await stack.enter_async_context(opened_seats(folder))
        server = Server(running.url, running.redis_port, KEY, SECRET, seats)
        bus = await stack.enter_async_context(opened_bus(running.redis_port))
        await bus.listen(SERVICE)
        async with api.LiveKitAPI(server.url, KEY, SECRET) as client:
            await check_wire(bus, client)
        far_end = FarEnd(bus, server)
        await far_end.serve()
        stack.push_async_callback(far_end.stop)
        async with AsyncExitStack() as inner:
            yield GatewayDriver(server, bus, far_end, inner)
