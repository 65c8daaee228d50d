"""Outbound calls over a simulated LiveKit: who calls, who is called, and what came of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from livekit import api

from cordboard.calls.model import Call
from cordboard.calls.operations import end_call
from cordboard.calls.outbound.model import PhoneCallRequest
from cordboard.calls.outbound.operations import place_call
from cordboard.numbers.e164 import E164
from cordboard.numbers.model import Number
from cordboard.organizations.model import ADMIN
from cordboard.organizations.operations import NewKey, create_key
from cordboard.simulated.livekit import Outcome
from tests.support.answered import Answered, answered, eventually
from tests.support.numbers import registered
from tests.support.server import PEPPER

TRUNK = "ST_outbound"
CALLEE = E164("+12125550123")


class Outbound:
    """An organization that may call, and the world in which it does."""

    def __init__(self, world: Answered, number: Number) -> None:
        self.world, self.number = world, number
        self._credentials: dict[str, str] | None = None

    async def place(self, to: str = CALLEE, **fields: Any) -> Call:  # noqa: ANN401 - as the field is
        """Ask for a call, and let it begin."""
        decider = self.world.deciders[0]
        request = PhoneCallRequest(self.number.phone_number, E164(to), None, None, {})
        request = msgspec.structs.replace(request, **fields)
        rules = decider.outbound_rules
        call = await self.world.db.write(place_call, self.world.actor, request, rules)
        decider.look_for_outbound()
        return call

    def answers(self, outcome: Outcome, number: str = CALLEE) -> None:
        """Let the one who is called do this."""
        self.world.lk.callees.outcomes[number] = outcome

    async def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask the server over HTTP, as the organization; return the status and what it says."""
        if self._credentials is None:
            new = NewKey("test", frozenset({ADMIN}), None)
            issued = await self.world.db.write(create_key, self.world.actor, new, PEPPER)
            pair = {"X-API-KEY": issued.key.api_key, "X-API-SECRET": issued.api_secret}
            self._credentials = pair
        url = self.world.events_url.removesuffix("/livekit/events") + path
        sent = None if body is None else msgspec.json.encode(body)
        every = {"Content-Type": "application/json", **self._credentials, **(headers or {})}
        async with (
            aiohttp.ClientSession(headers=every) as session,
            session.request(method, url, data=sent) as answer,
        ):
            return answer.status, await answer.json()

    async def end(self, call: Call) -> None:
        """Ask for a call's end."""
        ending = await self.world.db.write(end_call, self.world.actor, call.call_id)
        self.world.deciders[0].notice(ending)

    async def reached(self, when: str) -> None:
        """Wait until the only call stands there."""

        async def look() -> bool | None:
            if when == "being set up":
                return self.world.sent("CreateDispatch") > 0 or None
            if when == "ringing":
                return self.invites > 0 or None
            (call,) = await self.world.records()
            return call.answered_ms is not None or None

        await eventually(look)

    async def left(self) -> None:
        """Wait until LiveKit has no room left."""

        async def look() -> bool | None:
            return self.is_room_gone or None

        await eventually(look)

    @property
    def invites(self) -> int:
        """How often somebody's telephone was rung."""
        return len(self.world.lk.callees.dialled)

    @property
    def is_room_gone(self) -> bool:
        """Whether LiveKit has no room left."""
        return not self.world.lk.rooms.by_name


@asynccontextmanager
async def outbound(database_url: str, **options: Any) -> AsyncIterator[Outbound]:  # noqa: ANN401 - as those of ``answered``
    """Run a world in which a number may call out as the agent ``desk``."""
    async with answered(database_url, **options) as world:
        trunk = api.SIPOutboundTrunkInfo(sip_trunk_id=TRUNK, address="carrier.example.com")
        world.lk.sip.outbound[TRUNK] = trunk
        number = await registered(
            world.db, world.actor, outbound_agent_id="desk", outbound_trunk_id=TRUNK
        )
        yield Outbound(world, number)
