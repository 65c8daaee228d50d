"""Several servers over one database and one simulated LiveKit, all on the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

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
from cordboard.routing.topology import Layer
from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database, open_database
from cordboard.runtime.repeating import repeated
from cordboard.simulated.livekit import Call as Caller
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from tests.support.numbers import registered
from tests.support.organizations import an_actor
from tests.support.reconciled import CARRIER, CLUSTER, an_estate
from tests.support.server import HOST, PEPPER

FROM = "+12125550100"
PATIENCE_S = 25


class Node:
    """One server: what answers calls, over a connection of its own to the database.

    Attributes:
        events_url: Where it takes LiveKit's events.
        has_started: Set once it does.
    """

    def __init__(self, db: Database, livekit: LiveKit, answering: Answering) -> None:
        self.db, self.livekit, self.answering = db, livekit, answering
        self._sockets = bound_sockets(HOST, 0)
        self._stop = asyncio.Event()
        self.has_started = asyncio.Event()
        self.events_url = f"http://{HOST}:{self._sockets[0].getsockname()[1]}/livekit/events"

    async def serve(self) -> None:
        """Take events until :meth:`stop`, and finish those that are being taken."""
        context = Context(
            db=self.db,
            authenticator=Authenticator(self.db, PEPPER, system_clock),
            pepper=PEPPER,
            clock=system_clock,
            number_rules=NumberRules(),
            answering=self.answering,
        )
        await serve_http(build_app(context), self._sockets, self._stop, self.has_started.set)
        for listener in self._sockets:
            listener.close()

    def stop(self) -> None:
        """Take no more events."""
        self._stop.set()


class Switchboard:
    """The servers with the LiveKit whose calls they answer."""

    def __init__(self, db: Database, actor: Actor, lk: SimulatedLiveKit) -> None:
        self.db, self.actor, self.lk = db, actor, lk
        self.nodes: list[Node] = []

    async def register(self, agent: str | None = "desk", **fields: Any) -> Number:  # noqa: ANN401 - as the field is
        """Register a number that an agent answers."""
        return await registered(self.db, self.actor, inbound_agent_id=agent, **fields)

    async def call(self, to: str) -> Caller:
        """Call a number from a carrier's address."""
        return await self.lk.call(to, FROM, source=CARRIER)

    async def records(self) -> list[Call]:
        """Return the organization's calls, the oldest first."""
        query = store.CallQuery(limit=10_000, sort_order="ascending")
        page = await self.db.read(store.list_calls, self.actor.organization_id, query)
        return page.calls

    async def unmatched(self) -> list[Call]:
        """Return the calls to numbers that nobody has."""
        query = store.CallQuery(limit=10_000)
        page = await self.db.read(store.list_unmatched, self.actor.organization_id, query)
        return page.calls

    async def ended(self, count: int) -> list[Call]:
        """Return the organization's calls once so many have ended."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                calls = await self.records()
                if sum(call.ended_ms is not None for call in calls) >= count:
                    return calls
                await asyncio.sleep(0.05)

    def sent(self, method: str) -> int:
        """Return how often LiveKit was asked for something."""
        return sum(asked.method == method for asked in self.lk.ledger)


async def all_answered(callers: Sequence[Caller]) -> None:
    """Wait until every caller hears an agent."""
    await asyncio.gather(*(caller.until_answered(PATIENCE_S) for caller in callers))


async def all_hang_up(callers: Sequence[Caller]) -> None:
    """Let every caller say goodbye, and wait until it is over."""
    for caller in callers:
        caller.hang_up()
    await asyncio.gather(*(caller.until_ended(PATIENCE_S) for caller in callers))


@asynccontextmanager
async def switchboard(
    database_url: str, nodes: int, deadlines: Deadlines | None = None
) -> AsyncIterator[Switchboard]:
    """Serve a database by several servers; each event goes to all of them, and all of them poll."""
    async with AsyncExitStack() as stack:
        lk = await stack.enter_async_context(simulated_livekit())
        db = await open_database(database_url, create=False, clock=system_clock)
        stack.push_async_callback(db.close)
        board = Switchboard(db, await an_actor(db), lk)
        for _ in range(nodes):
            board.nodes.append(await stack.enter_async_context(_node(database_url, lk, deadlines)))
        lk.webhooks.urls.extend(node.events_url for node in board.nodes)
        await Reconciler(db, board.nodes[0].livekit, an_estate(Layer.SHARED)).tick()
        yield board


@asynccontextmanager
async def _node(
    database_url: str, lk: SimulatedLiveKit, deadlines: Deadlines | None
) -> AsyncIterator[Node]:
    db = await open_database(database_url, create=False, clock=system_clock)
    livekit = LiveKit(CLUSTER, lk.url, (APIKey(lk.api_key, lk.api_secret),))
    secrets = {lk.api_key: lk.api_secret}
    answering = Answering(db, livekit, system_clock, deadlines or Deadlines(), secrets)
    node = Node(db, livekit, answering)
    serving = asyncio.create_task(node.serve())
    try:
        await node.has_started.wait()
        async with repeated(*answering.works):
            yield node
    finally:
        node.stop()
        await serving
        await answering.stop()
        await livekit.aclose()
        await db.close()
