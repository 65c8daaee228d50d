"""What Cordboard asks of LiveKit, on its way there: held up or lost where a scenario says so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from cordboard.simulated.livekit import Moment
from tests.support.served import served

LOST = 503
PASSED_ON = ("Authorization", "Content-Type")
ENDS_WITHIN_S = 1.0

Told = Callable[[str, Moment], Awaitable[bool]]


async def _pass_everything_on(_method: str, _moment: Moment) -> bool:
    return True


class Requests:
    """The way from Cordboard to LiveKit.

    A request whose sender dies goes on to its end, as one does that is on the wire already.

    Attributes:
        url: Where Cordboard asks.
        told: Is told of each request twice, by its method: before it reaches LiveKit, and between
            LiveKit's answer and Cordboard. It may wait; what it does not want is lost.
    """

    def __init__(self, session: aiohttp.ClientSession, livekit_url: str) -> None:
        self.url = ""
        self.told: Told = _pass_everything_on
        self._session, self._livekit_url = session, livekit_url

    def pass_everything_on(self) -> None:
        """Hold nothing up from now on."""
        self.told = _pass_everything_on

    async def relay(self, request: web.Request) -> web.Response:
        """Pass a request on, and answer what LiveKit answers."""
        method = request.path.rpartition("/")[2]
        raw = await request.read()
        if not await self.told(method, Moment.BEFORE_EFFECT):
            return web.Response(status=LOST)
        headers = {name: request.headers[name] for name in PASSED_ON}
        url = f"{self._livekit_url}{request.path}"
        async with self._session.post(url, data=raw, headers=headers) as answer:
            body, kind = await answer.read(), answer.headers["Content-Type"]
        if not await self.told(method, Moment.BEFORE_ANSWER):
            return web.Response(status=LOST)
        return web.Response(status=answer.status, body=body, headers={"Content-Type": kind})


@asynccontextmanager
async def relayed_requests(livekit_url: str) -> AsyncIterator[Requests]:
    """Relay requests to a LiveKit on a free port for the time of a block."""
    async with aiohttp.ClientSession() as session:
        requests = Requests(session, livekit_url)
        app = web.Application()
        app.router.add_post("/{path:.*}", requests.relay)
        async with served(app, ENDS_WITHIN_S) as requests.url:
            yield requests
