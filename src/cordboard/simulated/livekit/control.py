"""How calls are placed from outside: what ``cordboard simulate`` talks to, on loopback only.

``POST /simulated/calls`` with ``{"to", "from", "source"}`` places a call, ``GET`` on its path shows
how it stands, ``DELETE`` hangs it up. ``PUT /simulated/callees/NUMBER`` with an ``Outcome`` says
what happens from now on when that number is called.
"""

from typing import TypeVar

import msgspec
from aiohttp import web

from cordboard.simulated.livekit.callees import Callees, Outcome
from cordboard.simulated.livekit.callers import Call, Callers, Ended
from cordboard.simulated.livekit.matching import Invite
from cordboard.simulated.livekit.workers import Job, Workers

T = TypeVar("T")

PATH = "/simulated/calls"
CALLEES = "/simulated/callees"


class Wanted(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A call to be placed; ``source`` is the address it comes from."""

    to: str
    from_: str
    source: str = "127.0.0.1"


class Shown(msgspec.Struct, frozen=True):
    """How a call stands.

    Attributes:
        id: Its place among the calls.
        sip_call_id: ``sip.callID`` of its participant; empty as long as there is none.
        ladder: Milliseconds since the INVITE, and what was said.
        job: What the agent that answered was sent for.
    """

    id: int
    sip_call_id: str
    ladder: list[tuple[float, str]]
    room: str | None
    answered_by: str | None
    job: Job | None
    ended: Ended | None


def add_control(app: web.Application, callers: Callers, callees: Callees, workers: Workers) -> None:
    """Let calls be placed over this application, and callees be told what to do."""

    async def place(request: web.Request) -> web.Response:
        wanted = await _sent(request, Wanted)
        call = callers.place(Invite(wanted.to, wanted.from_, wanted.source, wanted.source, {}))
        return _answer(callers, workers, callers.calls.index(call))

    async def show(request: web.Request) -> web.Response:
        return _answer(callers, workers, _place_of(callers, request))

    async def hang_up(request: web.Request) -> web.Response:
        place = _place_of(callers, request)
        callers.calls[place].hang_up()
        return _answer(callers, workers, place)

    async def set_callee(request: web.Request) -> web.Response:
        callees.outcomes[request.match_info["number"]] = await _sent(request, Outcome)
        return web.Response()

    app.router.add_post(PATH, place)
    app.router.add_get(PATH + r"/{id:\d+}", show)
    app.router.add_delete(PATH + r"/{id:\d+}", hang_up)
    app.router.add_put(CALLEES + "/{number}", set_callee)


async def _sent(request: web.Request, kind: type[T]) -> T:
    if request.content_type != "application/json":
        # A page in a browser cannot send this type to another site unasked.
        raise web.HTTPUnsupportedMediaType
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from error


def _place_of(callers: Callers, request: web.Request) -> int:
    place = int(request.match_info["id"])
    if place >= len(callers.calls):
        raise web.HTTPNotFound
    return place


def _answer(callers: Callers, workers: Workers, place: int) -> web.Response:
    call: Call = callers.calls[place]
    job = workers.job_of(call.answered_by) if call.answered_by is not None else None
    shown = Shown(
        place,
        call.participant_call_id,
        call.ladder,
        call.room,
        call.answered_by,
        job,
        call.ended,
    )
    return web.Response(body=msgspec.json.encode(shown), content_type="application/json")
