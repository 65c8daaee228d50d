"""Webhooks as the real server sends them: signed, in order within a room, and given up.

Observed of livekit-server 1.13.5: five attempts over 15 seconds, the room's later events waiting
behind; then the event is dropped, and so is one that has waited 30 seconds. A room's events carry
its TURN password.
"""

import base64
import hashlib
import time
from collections import deque

import aiohttp
import jwt
import msgspec
from google.protobuf.json_format import MessageToJson
from livekit import api

from cordboard.simulated.livekit.faults import Fault, FaultKind, Faults
from cordboard.simulated.livekit.pace import Pace
from cordboard.simulated.livekit.rooms import new_id

CONTENT_TYPE = "application/webhook+json"
PAUSES_S = (1, 2, 4, 8)
OLDEST_S = 30
TOKEN_LIVES_S = 300
ANSWER_WITHIN_S = 5
SERVER_ERROR = 500


class Event(msgspec.Struct, frozen=True):
    """An event on its way.

    Attributes:
        name: Such as ``participant_joined``.
        body: The JSON that is posted.
        at_s: When it happened, of :meth:`Pace.elapsed_s`.
        delay_s: How late it is sent, with everything behind it.
    """

    name: str
    body: bytes
    at_s: float
    delay_s: float = 0.0


class Webhooks:
    """The events of all rooms, on their way to where they shall go.

    Attributes:
        urls: Where to send them; none: nowhere.
        key: The API key that signs them, and its secret.
        faults: What shall happen to them.
        sent: The name of every event, in the order of their happening.
        dropped: Those that were given up.
    """

    def __init__(self, pace: Pace, key: tuple[str, str]) -> None:
        """Send to nobody yet."""
        self._pace = pace
        self.urls: list[str] = []
        self.key = key
        self.faults = Faults()
        self.sent: list[str] = []
        self.dropped: list[Event] = []
        self._waiting: dict[tuple[str, str], deque[Event]] = {}
        self._session: aiohttp.ClientSession | None = None

    def emit(
        self,
        name: str,
        room: api.Room,
        participant: api.ParticipantInfo | None,
        track: api.TrackInfo | None,
    ) -> None:
        """Note that something happened in a room, and send it to everybody."""
        event = api.WebhookEvent(
            event=name,
            room=room,
            participant=participant,
            track=track,
            id=new_id("EV_"),
            created_at=int(time.time()),
        )
        self.sent.append(name)
        body = MessageToJson(event, indent=None).encode()
        for url in self.urls:
            self._put(url, room.sid, Event(name, body, self._pace.elapsed_s()))

    async def stop(self) -> None:
        """Send nothing any more; what waits is lost, as with a server that ends."""
        if self._session is not None:
            await self._session.close()

    def _put(self, url: str, room_sid: str, event: Event) -> None:
        fault = self.faults.take(event.name) or Fault(event.name, FaultKind.SLOW)
        match fault.kind:
            case FaultKind.LOST:
                return
            case FaultKind.OVERTAKEN:
                self._pace.later(fault.delay_s, lambda: self._queue(url, room_sid, event))
            case FaultKind.DUPLICATED:
                self._queue(url, room_sid, event, event)
            case _:
                delayed = msgspec.structs.replace(event, delay_s=fault.delay_s)
                self._queue(url, room_sid, delayed)

    def _queue(self, url: str, room_sid: str, *events: Event) -> None:
        """Put events behind those of the same room, which are sent one after the other."""
        place = (url, room_sid)
        if place in self._waiting:
            self._waiting[place].extend(events)
        else:
            self._waiting[place] = deque(events)
            self._pace.start(self._send_all(place))

    async def _send_all(self, place: tuple[str, str]) -> None:
        waiting = self._waiting[place]
        while waiting:
            event = waiting[0]
            await self._pace.sleep(event.delay_s)
            if self._pace.elapsed_s(event.at_s) > OLDEST_S or not await self._send(place[0], event):
                self.dropped.append(event)
            waiting.popleft()
        del self._waiting[place]

    async def _send(self, url: str, event: Event) -> bool:
        for pause_s in (*PAUSES_S, None):
            if await self._post(url, event.body):
                return True
            if pause_s is not None:
                await self._pace.sleep(pause_s)
        return False

    async def _post(self, url: str, body: bytes) -> bool:
        """Post once; a refusal counts as delivered, a broken or failing receiver does not."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        headers = {"Content-Type": CONTENT_TYPE, "Authorization": self._signature(body)}
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                return answer.status < SERVER_ERROR
        except (TimeoutError, aiohttp.ClientError):
            return False

    def _signature(self, body: bytes) -> str:
        key, secret = self.key
        now = int(time.time())
        claims = {
            "iss": key,
            "nbf": now,
            "iat": now,
            "exp": now + TOKEN_LIVES_S,
            "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        }
        return jwt.encode(claims, secret, algorithm="HS256")
