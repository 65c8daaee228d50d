"""What a scenario plays on: a Cordboard, a LiveKit with its SIP side, workers, callers, callees.

A scenario knows nothing but what is here, so it runs unchanged on every driver: the simulated
LiveKit, and a real livekit-server with a SIP side of one kind or another. What is behind an outcome
differs (a SIP response that was received, or one that would have been sent), what it says does not.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol

from livekit import api

from cordboard.simulated.livekit import Behaviour, Dialled, Job, Outcome
from tests.scenarios.cordboard import Cordboard
from tests.scenarios.events import Events, received_events
from tests.scenarios.requests import Requests, relayed_requests
from tests.support.answered import eventually
from tests.support.process import Place

CARRIER = "127.0.0.1"
"""The only address that calls are taken from."""

STRANGER = "127.0.0.2"
"""An address that no carrier calls from."""

TONE = Behaviour(joins_after_s=0, audio_after_s=0)
SILENT = Behaviour(joins_after_s=0, audio_after_s=None)

JOINED_S = 3.0
AUDIO_S = 4.5
GONE_S = 1.5
"""What Cordboard demands of agents."""

WITHIN_S = 15
"""How long anything may take, however busy the machine is."""

RINGS_FOR_S = 20
"""LiveKit's own limit, longer than that: who is refused in time was refused by Cordboard."""


class Ended(Protocol):
    """How a call ended.

    ``status`` is the final response to the INVITE: 200 for a call that was answered, 487 for one
    that its caller gave up.
    """

    @property
    def status(self) -> int: ...

    @property
    def after_s(self) -> float: ...


class Line(Protocol):
    """A call as its caller knows it.

    ``ladder`` tells milliseconds since the INVITE and what was said: ``INVITE``, ``100``, ``180``
    once, the final response, ``BYE``.
    """

    @property
    def ladder(self) -> Sequence[tuple[float, str]]: ...

    async def until_answered(self, within_s: float | None = None) -> object:
        """Wait until an agent is heard; a TimeoutError when it is not."""

    async def until_ended(self, within_s: float | None = None) -> Ended:
        """Wait until the call is over; a TimeoutError when it is not."""

    def hang_up(self) -> None:
        """Give up, or say goodbye."""


class Worker(Protocol):
    """An agent worker: what it shall do with jobs to come, and the jobs that it got."""

    behaviour: Behaviour

    @property
    def jobs(self) -> Sequence[Job]: ...


class Driver(Protocol):
    """A LiveKit with its SIP side, and workers for it.

    Attributes:
        url, api_key, api_secret: How Cordboard reaches it.
        carrier_address: Where its outbound trunks lead, so that callees are reached.
    """

    url: str
    api_key: str
    api_secret: str
    carrier_address: str

    @property
    def dialled(self) -> Sequence[Dialled]:
        """Every INVITE that went out, in order."""

    async def register_worker(
        self, agent_name: str, deployment: str, behaviour: Behaviour
    ) -> Worker:
        """Run a worker of this name and deployment; it takes jobs once this returns."""

    async def call(self, to: str, from_: str, *, source: str, from_host: str) -> Line:
        """Call a number, and return while the call goes on.

        ``source`` is the address that the INVITE comes from, ``from_host`` the host in its From
        header.
        """

    async def set_callee(self, number: str, outcome: Outcome) -> None:
        """Let somebody at a number do this when called; whoever is not set answers."""

    async def flush(self) -> None:
        """Lose everything that LiveKit keeps in Redis."""


DRIVERS = {
    "simulated": "tests.scenarios.simulated",
    "gateway": "tests.e2e.gateway.driver",
    "livekit_sip": "tests.e2e.livekit_sip.driver",
}
"""Name → the module whose ``open_driver(folder, webhook_urls)`` opens it."""


async def is_heard(line: Line, within_s: float = WITHIN_S) -> bool:
    """Return whether an agent is heard on a call, once that is known; else it is over."""
    waits = [
        asyncio.create_task(line.until_answered(within_s)),
        asyncio.create_task(line.until_ended(within_s)),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return any(message == "200" for _, message in line.ladder)


class Stage:
    """A Cordboard on an empty LiveKit, for one scenario.

    Attributes:
        cordboard: The running Cordboard.
        events: What happens in LiveKit's rooms.
        livekit: LiveKit's API, to look what stands there.
        unnamed: A worker without a name, which must never get a job.
    """

    def __init__(
        self, driver: Driver, cordboard: Cordboard, events: Events, client: api.LiveKitAPI
    ) -> None:
        self._driver = driver
        self._callers = 0
        self.cordboard = cordboard
        self.events = events
        self.livekit = client
        self.unnamed: Worker
        self.set_callee = driver.set_callee
        self.flush = driver.flush

    @property
    def dialled(self) -> Sequence[Dialled]:
        """Every INVITE that went out, in order."""
        return self._driver.dialled

    async def worker(
        self, agent_name: str, deployment: str = "", behaviour: Behaviour = TONE
    ) -> Worker:
        """Run a worker."""
        return await self._driver.register_worker(agent_name, deployment, behaviour)

    def a_caller(self) -> str:
        """Return a number that nobody has called from; its calls can be told by it."""
        self._callers += 1
        return f"+1212555{self._callers:04}"

    async def call(
        self,
        to: str,
        *,
        from_: str | None = None,
        source: str = CARRIER,
        from_host: str | None = None,
    ) -> Line:
        """Call a number; the From header's host is the source, unless it is forged."""
        caller = from_ or self.a_caller()
        return await self._driver.call(to, caller, source=source, from_host=from_host or source)

    async def answered_call(self, to: str, from_: str | None = None) -> Line:
        """Call a number and return once an agent is heard."""
        line = await self.call(to, from_=from_)
        assert await is_heard(line), line.ladder
        return line

    @asynccontextmanager
    async def requests(self, **settings: str) -> AsyncIterator[Requests]:
        """Let what Cordboard asks of LiveKit be held up for the time of a block."""
        async with relayed_requests(self._driver.url) as requests:
            await self.cordboard.restart(CORDBOARD_LIVEKIT_URL=requests.url, **settings)
            yield requests

    async def outbound_trunk(self, number: str, address: str | None = None) -> str:
        """Make a trunk at LiveKit over which a number calls out, to callees; return its id."""
        trunk = api.SIPOutboundTrunkInfo(
            name="carrier", address=address or self._driver.carrier_address, numbers=[number]
        )
        request = api.CreateSIPOutboundTrunkRequest(trunk=trunk)
        made = await self.livekit.sip.create_outbound_trunk(request)
        return made.sip_trunk_id

    async def trunks_and_rules(self) -> list[str]:
        """Return the ids of everything that takes calls at LiveKit."""
        trunks = await self.livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
        rules = await self.livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
        ids = [trunk.sip_trunk_id for trunk in trunks.items]
        return ids + [rule.sip_dispatch_rule_id for rule in rules.items]

    async def until_no_room_is_left(self) -> None:
        """Wait until LiveKit has closed every room that was opened."""
        await eventually(self._no_room)

    async def _no_room(self) -> bool | None:
        return None if self.events.open_rooms else True


@asynccontextmanager
async def opened_stage(driver: str, folder: Path, database_url: str) -> AsyncIterator[Stage]:
    """Open a driver, by the name of its module, with a Cordboard on it for the time of a block."""
    async with received_events() as events:
        opening: AbstractAsyncContextManager[Driver] = import_module(driver).open_driver(
            folder, [events.url]
        )
        async with opening as livekit:
            events.trust(livekit.api_key, livekit.api_secret)
            cordboard = Cordboard(_place(livekit, folder, database_url), events)
            key = (livekit.api_key, livekit.api_secret)
            async with api.LiveKitAPI(livekit.url, *key) as client:
                stage = Stage(livekit, cordboard, events, client)
                stage.unnamed = await stage.worker("")
                await cordboard.start()
                try:
                    yield stage
                finally:
                    await cordboard.kill()


def _place(livekit: Driver, folder: Path, database_url: str) -> Place:
    return Place(
        folder,
        CORDBOARD_DATABASE_URL=database_url,
        CORDBOARD_LIVEKIT_URL=livekit.url,
        CORDBOARD_LIVEKIT_API_KEY=livekit.api_key,
        CORDBOARD_LIVEKIT_API_SECRET=livekit.api_secret,
        CORDBOARD_SIP_SOURCE_CIDRS=f"{CARRIER}/32",
        CORDBOARD_AGENT_JOIN_TIMEOUT=str(JOINED_S),
        CORDBOARD_AGENT_AUDIO_TIMEOUT=str(AUDIO_S),
        CORDBOARD_AGENT_GONE_TIMEOUT=str(GONE_S),
        CORDBOARD_RINGING_TIMEOUT=str(RINGS_FOR_S),
    )
