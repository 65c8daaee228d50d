"""A real server in this process: on a free loopback port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import uvloop
from litestar.types import ControllerRouterHandler

from cordboard.edge.api.app import build_app
from cordboard.edge.api.context import Context
from cordboard.edge.api.server import bound_sockets, serve_http
from cordboard.numbers.model import NumberRules
from cordboard.organizations.authentication import Authenticator
from cordboard.organizations.model import ADMIN, Pepper
from cordboard.organizations.operations import NewKey, create_key, create_organization
from cordboard.provisioning.probe_agent import Probing
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.runtime.actor import Actor
from cordboard.runtime.clock import Clock, system_clock
from cordboard.runtime.db import Database, ReadTx, WriteTx, open_database
from cordboard.simulated.livekit import SimulatedLiveKit, simulated_livekit
from tests.support.caller import Caller, Wire

P = ParamSpec("P")
T = TypeVar("T")

HOST = "127.0.0.1"
PEPPER = Pepper(b"a pepper that no database knows..")
PATIENCE_S = 20
PROBE_DEADLINE_S = 0.6


class RunningServer:
    """The API over one database, from the moment it is made until :meth:`stop`.

    Tests share it and stay apart by organization: :meth:`organization` makes one that nobody else
    has. What is true of a whole installation (its clock, its rules, its numbers) needs a server of
    the test's own. Agents are probed at ``lk``, a simulated LiveKit; numbers and calls have none.
    """

    def __init__(
        self,
        database_url: str,
        *,
        rules: NumberRules | None = None,
        clock: Clock = system_clock,
        extra_routes: list[ControllerRouterHandler] | None = None,
    ) -> None:
        """Serve the database at ``database_url``, which is migrated already."""
        self.database_url = database_url
        self._rules = rules or NumberRules()
        self._clock = clock
        self._extra_routes = extra_routes
        self._listens = threading.Event()
        self._error: BaseException | None = None
        self._wires: list[Wire] = []
        self._sockets = bound_sockets(HOST, 0)
        self.port: int = self._sockets[0].getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._run, name=f"server-{self.port}")
        self._thread.start()
        if not self._listens.wait(PATIENCE_S) or self._error is not None:
            self.stop()
            raise RuntimeError(f"no server on {database_url}") from self._error
        self._wire = self.wire()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish what is in flight and free the port."""
        for wire in self._wires:
            wire.close()
        if self._listens.is_set() and self._error is None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        for listener in self._sockets:
            listener.close()

    def wire(self) -> Wire:
        """Open one more connection, closed with the server."""
        wire = Wire(HOST, self.port)
        self._wires.append(wire)
        return wire

    def organization(self, name: str = "Test") -> Caller:
        """Make an organization with a key pair that may do everything, and call as it."""
        organization, issued = self.write(create_organization, name, PEPPER)
        return Caller(
            self._wire, organization.organization_id, issued.key.api_key, issued.api_secret
        )

    def key_pair(self, caller: Caller, *scopes: str, expires_ms: int | None = None) -> Caller:
        """Make another key pair for the caller's organization; without scopes it may do all."""
        actor = Actor(caller.organization_id, None, "operator")
        new = NewKey("test", frozenset(scopes or {ADMIN}), expires_ms)
        issued = self.write(create_key, actor, new, PEPPER)
        return Caller(self._wire, caller.organization_id, issued.key.api_key, issued.api_secret)

    def write(
        self,
        fn: Callable[Concatenate[WriteTx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one of the product's own operations in the server's database."""
        return self.run(lambda: self.db.write(fn, *args, **kwargs))

    def read(
        self,
        fn: Callable[Concatenate[ReadTx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a read in the server's database."""
        return self.run(lambda: self.db.read(fn, *args, **kwargs))

    def run(self, fn: Callable[[], Awaitable[T]]) -> T:
        """Run a function on the server's event loop and wait for its result."""

        async def started_there() -> T:
            return await fn()

        return asyncio.run_coroutine_threadsafe(started_there(), self._loop).result(PATIENCE_S)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._listens.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.lk: SimulatedLiveKit
        self.db: Database = await open_database(self.database_url, create=False, clock=self._clock)
        async with simulated_livekit() as self.lk:
            livekit = LiveKit(
                "default", self.lk.url, (APIKey(self.lk.api_key, self.lk.api_secret),)
            )
            context = Context(
                db=self.db,
                authenticator=Authenticator(self.db, PEPPER, self._clock),
                pepper=PEPPER,
                clock=self._clock,
                number_rules=self._rules,
                probing=Probing(self.db, livekit, PROBE_DEADLINE_S),
            )
            app = build_app(context, self._extra_routes)
            await serve_http(app, self._sockets, self._stop, self._listens.set)
            await livekit.aclose()
        await self.db.close()
