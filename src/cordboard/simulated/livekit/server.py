"""The simulated LiveKit's HTTP side: Twirp over loopback, with keys, faults and a ledger."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import msgspec
from aiohttp import web
from google.protobuf.message import DecodeError, Message
from livekit import api

from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.faults import FaultKind, Faults
from cordboard.simulated.livekit.sip import SIPStore

KEY = "devkey"
SECRET = "a-secret-of-at-least-thirty-two-characters"  # noqa: S105 - a double's, for loopback only
LARGEST_BODY = 10 * 1024 * 1024

Handler = Callable[[Any], Awaitable[Message]]


class Asked(msgspec.Struct, frozen=True):
    """One request that came in: the method, and the status it was answered with."""

    method: str
    status: int


class SimulatedLiveKit:
    """A running simulated LiveKit.

    Attributes:
        url: Where it listens.
        keys: API key → secret; what it accepts.
        sip: Its trunks and rules, to look at and to spoil.
        faults: What shall go wrong.
        ledger: Every request, in the order of their answers.
    """

    def __init__(self) -> None:
        """Begin empty, with the development key."""
        self.url = ""
        self.keys = {KEY: SECRET}
        self.sip = SIPStore()
        self.faults = Faults()
        self.ledger: list[Asked] = []
        self._methods = _methods(self.sip)

    def application(self) -> web.Application:
        """Return the HTTP application."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/", _alive)
        app.router.add_post("/twirp/livekit.{service}/{method}", self._answer)
        return app

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

    async def _take(self, request: web.Request, method: str) -> web.StreamResponse:
        """Check the key, meet the fault that waits, and do what is asked."""
        self._check_key(request)
        if method not in self._methods:
            raise TwirpError("bad_route", f"no handler for path {request.path!r}")
        kind, handler = self._methods[method]
        try:
            message = kind.FromString(await request.read())
        except DecodeError as error:
            raise TwirpError("malformed", "the protobuf request could not be decoded") from error
        fault = self.faults.take(method)
        if fault is not None and fault.kind is FaultKind.ERROR_BEFORE:
            raise TwirpError("unavailable", "simulated failure before any effect")
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.delay_s)
        answer = await handler(message)
        if fault is not None and fault.kind is FaultKind.ERROR_AFTER:
            raise TwirpError("internal", "simulated failure after the effect")
        if fault is not None and fault.kind is FaultKind.LOST_ANSWER:
            _cut(request)
        body = answer.SerializeToString()
        return web.Response(body=body, content_type="application/protobuf")

    def _check_key(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
            claims = jwt.decode(token, self.keys.get(issuer, ""), algorithms=["HS256"])
        except jwt.InvalidTokenError as error:
            raise TwirpError("unauthenticated", "invalid token") from error
        if not (claims.get("sip") or claims.get("video")):
            raise TwirpError("permission_denied", "permissions denied")


def _methods(sip: SIPStore) -> dict[str, tuple[type[Message], Handler]]:
    return {
        "CreateSIPInboundTrunk": (api.CreateSIPInboundTrunkRequest, sip.create_inbound_trunk),
        "UpdateSIPInboundTrunk": (api.UpdateSIPInboundTrunkRequest, sip.update_inbound_trunk),
        "ListSIPInboundTrunk": (api.ListSIPInboundTrunkRequest, sip.list_inbound_trunk),
        "DeleteSIPTrunk": (api.DeleteSIPTrunkRequest, sip.delete_trunk),
        "CreateSIPDispatchRule": (api.CreateSIPDispatchRuleRequest, sip.create_dispatch_rule),
        "UpdateSIPDispatchRule": (api.UpdateSIPDispatchRuleRequest, sip.update_dispatch_rule),
        "ListSIPDispatchRule": (api.ListSIPDispatchRuleRequest, sip.list_dispatch_rule),
        "DeleteSIPDispatchRule": (api.DeleteSIPDispatchRuleRequest, sip.delete_dispatch_rule),
    }


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
async def simulated_livekit(port: int = 0) -> AsyncIterator[SimulatedLiveKit]:
    """Run a simulated LiveKit on loopback for the time of a block; port 0 takes a free one."""
    livekit = SimulatedLiveKit()
    runner = web.AppRunner(livekit.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        livekit.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield livekit
    finally:
        await runner.cleanup()
