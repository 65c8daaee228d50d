"""A running server that answers the calls of a simulated LiveKit, all on the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from cordboard.calls import store
from cordboard.calls.answering import Answering
from cordboard.calls.model import Call
from cordboard.calls.steps import Deadlines
from cordboard.edge.api.app import build_app
from cordboard.edge.api.context import Context
from cordboard.edge.api.server import bound_sockets, serve_http
from cordboard.numbers.model import Number, NumberRules
from cordboard.organizations.authentication import Authenticator
from cordboard.provisioning.reconcile import Reconciler
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.topology import Estate, Layer
from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, open_database
from cordboard.simulated.livekit import Call as Caller
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from tests.support.numbers import registered
from tests.support.organizations import an_actor
from tests.support.reconciled import CARRIER, CLUSTER, an_estate
from tests.support.server import HOST, PEPPER

T = TypeVar("T")

DEADLINES = Deadlines(
    joined_ms=1200,
    audio_ms=2000,
    gone_ms=600,
    late_ms=1000,
    listed_ms=600,
    ringing_s=3,
    longest_s=600,
    settle_ms=1000,
)
LOOPS_FROM = "127.0.0.1/32"
"""Where a call comes from that livekit-sip makes to itself."""

FROM = "+12125550100"
PATIENCE_S = 15


class Answered:
    """A database, a simulated LiveKit, and a server between them."""

    def __init__(self, db: Database, actor: Actor, lk: SimulatedLiveKit, livekit: LiveKit) -> None:
        self.db, self.actor, self.lk, self.livekit = db, actor, lk, livekit
        self.deciders = [self.decider()]
        self.events_url = ""
        self.reconcile: Callable[[], Awaitable[None]]

    def decider(self) -> Answering:
        """Return one that answers calls, as on another node or after a restart."""
        secrets = {self.lk.api_key: self.lk.api_secret}
        return Answering(self.db, self.livekit, system_clock, DEADLINES, secrets)

    async def register(self, agent: str | None = "desk") -> Number:
        """Register a number that an agent answers."""
        return await registered(self.db, self.actor, inbound_agent_id=agent)

    async def call(self, to: str, source: str = CARRIER) -> Caller:
        """Call a number from a carrier's address."""
        return await self.lk.call(to=to, from_=FROM, source=source)

    async def records(self) -> list[Call]:
        """Return the organization's calls, the oldest first."""
        query = store.CallQuery(limit=1000, sort_order="ascending")
        page = await self.db.read(store.list_calls, self.actor.organization_id, query)
        return page.calls

    async def record(self, until: Callable[[Call], bool] = lambda _: True) -> Call:
        """Return the only call once it is as the test wants it."""

        async def look() -> Call | None:
            calls = await self.records()
            return calls[0] if calls and until(calls[0]) else None

        return await eventually(look)

    async def records_once(self, count: int, until: Callable[[Call], bool]) -> list[Call]:
        """Return the organization's calls once there are so many, each as the test wants it."""

        async def look() -> list[Call] | None:
            calls = await self.records()
            return calls if len(calls) == count and all(until(call) for call in calls) else None

        return await eventually(look)

    def sent(self, method: str) -> int:
        """Return how often LiveKit was asked for something."""
        return sum(asked.method == method for asked in self.lk.ledger)


async def eventually(look: Callable[[], Awaitable[T | None]], within_s: float = PATIENCE_S) -> T:
    """Return what ``look`` finds, once it finds something."""
    async with asyncio.timeout(within_s):
        while True:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.02)


@asynccontextmanager
async def answered(
    database_url: str, layer: Layer = Layer.SHARED, *, events: bool = True, polls: bool = True
) -> AsyncIterator[Answered]:
    """Serve a database whose catch-all stands at a simulated LiveKit.

    Args:
        database_url: Where everything is kept.
        layer: Which layers stand on the catch-all.
        events: Whether LiveKit's events reach the server.
        polls: Whether the poller runs.
    """
    db = await open_database(database_url, create=False, clock=system_clock)
    sockets = bound_sockets(HOST, 0)
    url = f"http://{HOST}:{sockets[0].getsockname()[1]}/livekit/events"
    async with simulated_livekit(webhook_urls=[url] if events else []) as lk:
        livekit = LiveKit(CLUSTER, lk.url, (APIKey(lk.api_key, lk.api_secret),))
        reconciler = Reconciler(db, livekit, _estate(layer))
        await reconciler.tick()
        world = Answered(db, await an_actor(db), lk, livekit)
        world.reconcile = reconciler.tick
        world.events_url = url
        context = _context(db, world.deciders[0])
        started, stop = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_http(build_app(context), sockets, stop, started.set))
            polling = tasks.create_task(_polling(world, polls=polls))
            try:
                await started.wait()
                yield world
            finally:
                polling.cancel()
                stop.set()
                for decider in world.deciders:
                    await decider.stop()
        await livekit.aclose()
    for listener in sockets:
        listener.close()
    await db.close()


def _estate(layer: Layer) -> Estate:
    estate = an_estate(layer)
    sources = (LOOPS_FROM, *estate.source_cidrs)
    return msgspec.structs.replace(estate, source_cidrs=sources)


def _context(db: Database, answering: Answering) -> Context:
    return Context(
        db=db,
        authenticator=Authenticator(db, PEPPER, system_clock),
        pepper=PEPPER,
        clock=system_clock,
        number_rules=NumberRules(),
        answering=answering,
    )


async def _polling(world: Answered, *, polls: bool) -> None:
    while polls:
        await asyncio.sleep(0.1)
        for decider in world.deciders:
            await decider.follow_outbound()
            await decider.poll()
