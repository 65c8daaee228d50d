"""`python -m tests.e2e.sitting`: a process whose participants sit in rooms of a livekit-server.

It is given orders on standard input and prints news. LiveKit's client keeps some 12 MB of each
participant, so whoever needs many gives such a process no more than some; see `seats.py`.
"""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import Any

import msgspec
from livekit import rtc

from tests.e2e.first import first_of
from tests.e2e.seat_words import (
    Heard,
    Leave,
    Left,
    News,
    NotLetIn,
    Order,
    Out,
    Said,
    Say,
    Speak,
    Take,
    Taken,
)
from tests.e2e.tone import speak

AUDIO = rtc.TrackKind.KIND_AUDIO

# LiveKit's client reports every room that another side closes as an error.
logging.getLogger("livekit").setLevel(logging.CRITICAL)


def _tell(news: News) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(news) + b"\n")
    sys.stdout.buffer.flush()


class _Sitting:
    """A participant, from its joining to its leaving; it follows one order after the other."""

    def __init__(self, take: Take) -> None:
        self.orders: asyncio.Queue[Order] = asyncio.Queue()
        self._take, self._seat = take, take.seat
        self._is_out = asyncio.Event()
        self._room = rtc.Room()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room.on("disconnected", lambda *_: self._go())
        if take.is_telephone:
            self._room.on("track_published", lambda publication, _: _ask_for(publication))
            self._room.on("track_subscribed", lambda track, *_: self._start(self._hear(track)))

    async def sit(self) -> None:
        """Join, and do as told until it shall leave.

        Nobody cancels this: LiveKit's client ends the process when a connection is abandoned. What
        it publishes has a connection of its own. On one with what it subscribes to, 1.2.1 loses a
        wish for an offer that comes just as the offer before is settled, and makes none from then
        on: what is published later never flows ("publish time out" in the server's log).
        """
        options = rtc.RoomOptions(
            auto_subscribe=not self._take.is_telephone, single_peer_connection=False
        )
        try:
            await self._room.connect(self._take.url, self._take.token, options)
        except rtc.ConnectError:
            _tell(NotLetIn(self._seat))
            return
        if self._take.is_telephone:
            for other in self._room.remote_participants.values():
                for publication in other.track_publications.values():
                    _ask_for(publication)
        _tell(Taken(self._seat, self._room.local_participant.sid))
        reason = await self._obey()
        await self._room.disconnect(reason=reason)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _tell(Left(self._seat))

    async def _obey(self) -> rtc.DisconnectReason.ValueType:
        while True:
            match await self.orders.get():
                case Speak():
                    self._start(speak(self._room, self._take.pitch_hz, self._is_out))
                case Say(status=status):
                    await self._say(status)
                case Leave(reason=reason):
                    return rtc.DisconnectReason.ValueType(reason)

    async def _say(self, status: str) -> None:
        attributes = {"sip.callStatus": status}
        if not self._is_out.is_set():
            saying = self._room.local_participant.set_attributes(attributes)
            await first_of(saying, self._is_out.wait())
        _tell(Said(self._seat))

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track)
        try:
            async for _ in stream:
                _tell(Heard(self._seat))
                return
        finally:
            await stream.aclose()

    def _go(self) -> None:
        if not self._is_out.is_set():
            self._is_out.set()
            _tell(Out(self._seat))

    def _start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ask_for(publication: rtc.RemoteTrackPublication) -> None:
    if publication.kind == AUDIO:
        publication.set_subscribed(True)


async def _sit(sittings: dict[int, _Sitting], seat: int) -> None:
    await sittings[seat].sit()
    del sittings[seat]


async def _main() -> None:
    """Follow orders until whoever gives them is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    sittings: dict[int, _Sitting] = {}
    async with asyncio.TaskGroup() as group:
        while line := await reader.readline():
            order = msgspec.json.decode(line, type=Order)
            if isinstance(order, Take):
                sittings[order.seat] = _Sitting(order)
                group.create_task(_sit(sittings, order.seat))
            elif order.seat in sittings:
                sittings[order.seat].orders.put_nowait(order)
        sys.exit()


asyncio.run(_main())
