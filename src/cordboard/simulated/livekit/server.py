"""The simulated LiveKit's HTTP side: Twirp over loopback, with keys, faults and a ledger."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import jwt
import msgspec
from aiohttp import web
from google.protobuf.message import DecodeError

from cordboard.simulated.livekit.callees import Callees
from cordboard.simulated.livekit.callers import Call, Callers
from cordboard.simulated.livekit.control import add_control
from cordboard.simulated.livekit.dispatches import Dispatches
from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.faults import FaultKind, Faults
from cordboard.simulated.livekit.matching import Invite
from cordboard.simulated.livekit.methods import room_methods, sip_methods
from cordboard.simulated.livekit.pace import Pace
from cordboard.simulated.livekit.rooms import Rooms
from cordboard.simulated.livekit.sip import SIPStore
from cordboard.simulated.livekit.webhooks import Webhooks
from cordboard.simulated.livekit.workers import Behaviour, Worker, Workers

KEY = "devkey"
SECRET = "a-secret-of-at-least-thirty-two-characters"  # noqa: S105 - a double's, for loopback only
LARGEST_BODY = 10 * 1024 * 1024
LOOPBACK = "127.0.0.1"


class Asked(msgspec.Struct, frozen=True):
    """One request that came in: the method, and the status it was answered with."""

    method: str
    status: int


class Moment(StrEnum):
    """Where a request stands."""

    BEFORE_EFFECT = "before its effect"
    BEFORE_ANSWER = "before its answer"


class SimulatedLiveKit:
    """A running simulated LiveKit.

    Attributes:
        url: Where it listens.
        keys: API key → secret; what it accepts. ``api_key`` and ``api_secret`` are the first.
        sip: Its trunks and rules, to look at and to spoil.
        rooms: Its rooms, and who is in them.
        workers: The workers that are registered.
        webhooks: Its events: where they go, and what befalls them.
        callers: The calls that came in.
        callees: Who can be called, and the calls that went out.
        faults: What shall go wrong with requests.
        ledger: Every request, in the order of their answers.
        on_request: Told of each request twice, by its method: before its effect, and between that
            and its answer. Raising a ``TwirpError`` at first keeps the effect from coming.
    """

    def __init__(self, speed: float = 1.0) -> None:
        """Begin empty, with the development key; ``speed`` simulated seconds pass in one."""
        self.url = ""
        self.api_key, self.api_secret = KEY, SECRET
        self.keys = {KEY: SECRET}
        self.pace = Pace(speed)
        self.sip = SIPStore()
        self.webhooks = Webhooks(self.pace, (KEY, SECRET))
        self.rooms = Rooms(self.pace, self.webhooks.emit)
        self.workers = Workers(self.pace, self.rooms)
        dispatches = Dispatches(self.rooms, self.workers)
        self.rooms.on_start = dispatches.launch_all
        self.faults = Faults()
        self.callers = Callers(self.pace, self.sip, self.rooms, self.faults)
        self.callees = Callees(self.pace, self.sip, self.rooms, self.callers)
        self.ledger: list[Asked] = []
        self.on_request: Callable[[str, Moment], None] = lambda *_: None
        self._methods = sip_methods(self.sip, self.callees) | room_methods(self.rooms, dispatches)

    def register_worker(
        self, agent_name: str, deployment: str = "", behaviour: Behaviour | None = None
    ) -> Worker:
        """Let a worker take the jobs of a name and deployment from now on; "" is unnamed."""
        worker = Worker(agent_name, deployment, behaviour or Behaviour())
        self.workers.register(worker)
        return worker

    async def call(
        self,
        to: str,
        from_: str,
        *,
        source: str = LOOPBACK,
        from_host: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Call:
        """Call a number, and return while it goes on.

        ``source`` is where the INVITE comes from; the host of the From header is the same, unless
        ``from_host`` forges another.
        """
        return self.callers.place(Invite(to, from_, source, from_host or source, headers or {}))

    def flush(self) -> None:
        """Lose what Redis holds, as after a restart of it: calls go on, the API knows nothing."""
        self.sip.flush()
        self.rooms.forget()

    def drain(self) -> None:
        """Take no new calls, as after SIGTERM; those that are up go on."""
        self.callers.is_draining = True

    def application(self) -> web.Application:
        """Return the HTTP application."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/", _alive)
        app.router.add_post("/twirp/livekit.{service}/{method}", self._answer)
        add_control(app, self.callers, self.callees, self.workers)
        return app

    async def stop(self) -> None:
        """End the calls, the agents and the events on their way."""
        try:
            await self.pace.stop()
        finally:
            await self.webhooks.stop()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.faults.is_down:
            _cut(request)
            return web.Response(status=503)
        try:
            answer = await self._take(request, method)
        except TwirpError as error:
            self.ledger.append(Asked(method, error.status))
            return _refused(error)
        self.ledger.append(Asked(method, 200))
        return answer

    async def _take(self, request: web.Request, name: str) -> web.StreamResponse:
        """Check the key, meet the fault that waits, and do what is asked."""
        claims = self._claims(request)
        if name not in self._methods:
            raise TwirpError("bad_route", f"no handler for path {request.path!r}")
        method = self._methods[name]
        try:
            message = method.request.FromString(await request.read())
        except DecodeError as error:
            raise TwirpError("malformed", "the protobuf request could not be decoded") from error
        method.check_grant(claims, message)
        fault = self.faults.take(name)
        if fault is not None and fault.kind is FaultKind.ERROR_BEFORE:
            raise TwirpError("unavailable", "simulated failure before any effect")
        if fault is not None and fault.kind is FaultKind.SLOW:
            await self.pace.sleep(fault.delay_s)
        self.on_request(name, Moment.BEFORE_EFFECT)
        answer = await method.handler(message)
        self.on_request(name, Moment.BEFORE_ANSWER)
        if fault is not None and fault.kind is FaultKind.ERROR_AFTER:
            raise TwirpError("internal", "simulated failure after the effect")
        if fault is not None and fault.kind is FaultKind.LOST_ANSWER:
            _cut(request)
        body = answer.SerializeToString()
        return web.Response(body=body, content_type="application/protobuf")

    def _claims(self, request: web.Request) -> dict[str, Any]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
            claims: dict[str, Any] = jwt.decode(
                token, self.keys.get(issuer, ""), algorithms=["HS256"]
            )
        except jwt.PyJWTError as error:
            raise TwirpError("unauthenticated", "invalid token") from error
        return claims


def _refused(error: TwirpError) -> web.Response:
    body = {"code": error.code, "msg": error.message, "meta": error.meta}
    text = json.dumps(body)
    return web.Response(status=error.status, text=text, content_type="application/json")


def _cut(request: web.Request) -> None:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="OK")


@asynccontextmanager
async def simulated_livekit(
    port: int = 0, *, speed: float = 1.0, webhook_urls: Sequence[str] = ()
) -> AsyncIterator[SimulatedLiveKit]:
    """Run a simulated LiveKit on loopback for the time of a block; port 0 takes a free one."""
    livekit = SimulatedLiveKit(speed)
    livekit.webhooks.urls.extend(webhook_urls)
    runner = web.AppRunner(livekit.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        await site.start()
        livekit.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        yield livekit
    finally:
        try:
            await livekit.stop()
        finally:
            await runner.cleanup()
