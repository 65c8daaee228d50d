"""A participant of kind SIP in a room of the real livekit-server."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from livekit import api, rtc

from tests.e2e.first import first_of
from tests.e2e.joining import join
from tests.e2e.tone import speak

PITCH_HZ = 600
AUDIO = rtc.TrackKind.KIND_AUDIO


class Server(msgspec.Struct, frozen=True):
    """A livekit-server, and a key that it takes."""

    url: str
    api_key: str
    api_secret: str


class Participant(msgspec.Struct, frozen=True):
    """Who joins which room, with what.

    ``config`` is the room's, should it have to be opened.
    """

    room: str
    identity: str
    name: str
    metadata: str
    attributes: dict[str, str]
    config: api.RoomConfiguration | None = None


class Seat:
    """A participant's place in a room.

    Attributes:
        sid: The participant's.
        heard: Set once an agent's audio has come.
        is_out: Set once the room is left, by whatever side.
        leaves_because: Told to the room when it is left from here.
    """

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.is_out = asyncio.Event()
        self.leaves_because = rtc.DisconnectReason.CLIENT_INITIATED
        self._room = rtc.Room()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room.on("disconnected", lambda *_: self.is_out.set())
        self._room.on("track_published", lambda publication, _: _ask_for(publication))
        self._room.on("track_subscribed", lambda track, *_: self._start(self._hear(track)))

    @property
    def sid(self) -> str:
        return self._room.local_participant.sid

    async def take(self, server: Server, participant: Participant) -> None:
        """Join with the token that livekit-sip would use."""
        options = rtc.RoomOptions(auto_subscribe=False)
        await join(self._room, server.url, _token(server, participant), options)
        for other in self._room.remote_participants.values():
            for publication in other.track_publications.values():
                _ask_for(publication)

    def speak(self) -> None:
        """Be heard from now on."""
        self._start(speak(self._room, PITCH_HZ, self.is_out))

    async def say(self, status: str) -> None:
        """Say how the call stands, as livekit-sip does."""
        attributes = {"sip.callStatus": status}
        if not self.is_out.is_set():
            await first_of(
                self._room.local_participant.set_attributes(attributes), self.is_out.wait()
            )

    async def leave(self) -> None:
        """Leave the room, unless that has been done."""
        await self._room.disconnect(reason=self.leaves_because)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track)
        try:
            async for _ in stream:
                self.heard.set()
                return
        finally:
            await stream.aclose()

    def _start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def taken_seat(server: Server, participant: Participant) -> AsyncIterator[Seat]:
    """Be in a room for the time of a block."""
    seat = Seat()
    try:
        await seat.take(server, participant)
        yield seat
    finally:
        await seat.leave()


def _ask_for(publication: rtc.RemoteTrackPublication) -> None:
    if publication.kind == AUDIO:
        publication.set_subscribed(True)


def _token(server: Server, participant: Participant) -> str:
    grants = api.VideoGrants(
        room_join=True,
        room=participant.room,
        can_subscribe=True,
        can_publish=True,
        can_publish_data=True,
        can_update_own_metadata=True,
    )
    token = (
        api.AccessToken(server.api_key, server.api_secret)
        .with_kind("sip")
        .with_identity(participant.identity)
        .with_name(participant.name)
        .with_metadata(participant.metadata)
        .with_attributes(participant.attributes)
        .with_grants(grants)
    )
    if participant.config is not None:
        token = token.with_room_config(participant.config)
    return token.to_jwt()
