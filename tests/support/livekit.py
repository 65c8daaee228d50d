"""A simulated LiveKit for tests: fast, with the real client, and what its webhooks deliver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from livekit import api

from cordboard.simulated.livekit import SimulatedLiveKit
from tests.support.served import served

SPEED = 20
"""Simulated seconds in one: a ringing timeout of three seconds is over in 150 ms."""

CARRIER = "127.0.0.1"
NUMBER = "+15550001001"
CALLER = "+15550009999"


@asynccontextmanager
async def connected(livekit: SimulatedLiveKit) -> AsyncIterator[api.LiveKitAPI]:
    """Yield the real client, connected to a simulated LiveKit."""
    client = api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret)
    try:
        yield client
    finally:
        await client.aclose()


async def a_trunk(
    client: api.LiveKitAPI,
    *numbers: str,
    addresses: tuple[str, ...] = ("127.0.0.1/32",),
    rings_for_s: float = 6,
) -> str:
    """Create an inbound trunk for these numbers, or a wildcard trunk, and return its id."""
    trunk = api.SIPInboundTrunkInfo(numbers=numbers, allowed_addresses=addresses)
    trunk.ringing_timeout.FromTimedelta(timedelta(seconds=rings_for_s))
    made = await client.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
    return made.sip_trunk_id


async def a_rule(
    client: api.LiveKitAPI, *trunk_ids: str, agent: str = "nobody", deployment: str = ""
) -> str:
    """Create a dispatch rule, a room per call, that sends for one agent, and return its id."""
    agents = [api.RoomAgentDispatch(agent_name=agent, deployment=deployment, metadata="{}")]
    rule = api.SIPDispatchRuleInfo(
        trunk_ids=trunk_ids,
        rule=api.SIPDispatchRule(
            dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="call")
        ),
        room_config=api.RoomConfiguration(agents=agents, departure_timeout=2),
    )
    made = await client.sip.create_dispatch_rule(
        api.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
    )
    return made.sip_dispatch_rule_id


class Inbox:
    """What arrived at a webhook receiver.

    Attributes:
        bodies: Each body with its Authorization header, in order.
        statuses: What to answer next; 200 when empty.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.url = ""
        self.bodies: list[tuple[str, str]] = []
        self.statuses: list[int] = []
        self.content_types: set[str] = set()
        self._came = asyncio.Event()

    async def receive(self, request: web.Request) -> web.Response:
        """Take an event, unless told to refuse it."""
        body = (await request.read()).decode()
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.bodies.append((body, request.headers["Authorization"]))
            self.content_types.add(request.headers["Content-Type"])
        self._came.set()
        return web.Response(status=status)

    def events(self, livekit: SimulatedLiveKit) -> list[api.WebhookEvent]:
        """Return the events, each verified with the real client's receiver."""
        verifier = api.TokenVerifier(livekit.api_key, livekit.api_secret)
        receiver = api.WebhookReceiver(verifier)
        return [receiver.receive(body, token) for body, token in self.bodies]

    async def until(self, count: int) -> None:
        """Wait until so many events have come."""
        while len(self.bodies) < count:
            self._came.clear()
            await self._came.wait()


@asynccontextmanager
async def an_inbox() -> AsyncIterator[Inbox]:
    """Run a webhook receiver on loopback."""
    inbox = Inbox()
    app = web.Application()
    app.router.add_post("/", inbox.receive)
    async with served(app) as url:
        inbox.url = f"{url}/"
        yield inbox
