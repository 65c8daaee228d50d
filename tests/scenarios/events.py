"""LiveKit's events on their way to Cordboard: noted, and passed on as they came."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from livekit import api

from tests.support.served import served

AWAY = 503
PASSED_ON = ("Authorization", "Content-Type")


class Events:
    """What happened in LiveKit's rooms, in the order of its events within a room.

    Attributes:
        url: Where LiveKit sends them.
        targets: Where each is passed on to, at once; with none of them, or one that does not take
            it, LiveKit is told to try again.
        copies: How often each is passed on to each.
        lost: The names of events that are acknowledged and not passed on.
        noted: Every event that came, each once however often LiveKit had to send it.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.targets: list[str] = []
        self.copies = 1
        self.lost: set[str] = set()
        self.noted: list[api.WebhookEvent] = []
        self._session = session
        self._secrets: dict[str, str] = {}
        self._ids: set[str] = set()

    def trust(self, api_key: str, api_secret: str) -> None:
        """Take the events that this key signs; all others fail the test that meets them."""
        self._verifier = api.WebhookReceiver(api.TokenVerifier(api_key, api_secret))

    async def receive(self, request: web.Request) -> web.Response:
        """Note an event and answer what Cordboard answers."""
        raw = await request.read()
        event = self._verifier.receive(raw.decode(), request.headers["Authorization"])
        self._note(event)
        if event.event in self.lost:
            return web.Response()
        headers = {name: request.headers[name] for name in PASSED_ON}
        passed_on = (self._pass_on(target, raw, headers) for target in self.targets)
        return web.Response(status=max(await asyncio.gather(*passed_on), default=AWAY))

    async def _pass_on(self, target: str, raw: bytes, headers: Mapping[str, str]) -> int:
        """Return the last answer's status."""
        status = AWAY
        for _ in range(self.copies):
            try:
                async with self._session.post(target, data=raw, headers=headers) as answer:
                    status = answer.status
            except aiohttp.ClientError:
                return AWAY
        return status

    def of_room_with(self, caller: str) -> list[api.WebhookEvent]:
        """Return the events of the rooms that were opened for a caller."""
        return [event for event in self.noted if caller in event.room.name]

    @property
    def open_rooms(self) -> set[str]:
        """The names of the rooms that were opened and have not been closed.

        Of somebody who leaves while the room is being closed, livekit-server 1.13.5 may tell after
        the room's end; so only a start opens a room.
        """
        rooms: dict[str, str] = {}
        for event in self.noted:
            if event.event == "room_started":
                rooms[event.room.sid] = event.room.name
            elif event.event == "room_finished":
                rooms.pop(event.room.sid, None)
        return set(rooms.values())

    def was_heard(self, identity: str) -> bool:
        """Whether a participant has published something."""
        return any(
            event.event == "track_published" and event.participant.identity == identity
            for event in self.noted
        )

    @property
    def most_agents_at_once(self) -> int:
        """How many agents could be heard in one room at the same time, at most."""
        talking: dict[str, set[str]] = {}
        most = 0
        for event in self.noted:
            here = talking.setdefault(event.room.name, set())
            who = event.participant
            if event.event == "track_published" and who.kind == api.ParticipantInfo.Kind.AGENT:
                here.add(who.identity)
            elif event.event in {"track_unpublished", "participant_left"}:
                here.discard(who.identity)
            most = max(most, len(here))
        return most

    def _note(self, event: api.WebhookEvent) -> None:
        if event.id not in self._ids:
            self._ids.add(event.id)
            self.noted.append(event)


@asynccontextmanager
async def received_events() -> AsyncIterator[Events]:
    """Receive LiveKit's events on a free port for the time of a block."""
    async with aiohttp.ClientSession() as session:
        events = Events(session)
        app = web.Application()
        app.router.add_post("/", events.receive)
        async with served(app) as url:
            events.url = f"{url}/"
            yield events
