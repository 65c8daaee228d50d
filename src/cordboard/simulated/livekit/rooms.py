"""Rooms and who is in them: RoomService, and what callers and agents do to a room.

Observed of livekit-server 1.13.5, or read in its source: an agent does not keep a room open; a room
closes when its last caller has been gone for the departure timeout, or when nobody came for the
empty timeout; a second participant of the same identity pushes the first one out. Whoever joins is
listed at once; events tell of them when their media is connected.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from livekit import api

from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.pace import Pace

EMPTY_TIMEOUT_S = 300
DEPARTURE_TIMEOUT_S = 20

AGENT = api.ParticipantInfo.Kind.AGENT

Emit: TypeAlias = Callable[
    [str, api.Room, api.ParticipantInfo | None, api.TrackInfo | None],
    None,
]


def new_id(prefix: str) -> str:
    """Return an id as LiveKit makes them, such as ``RM_jJjgrJwBcvJG``."""
    return prefix + secrets.token_hex(6)


class Member:
    """A participant of a room.

    Attributes:
        info: What the API shows of it.
        left: Set with the reason (``api.DisconnectReason``) once it is out.
    """

    def __init__(self, info: api.ParticipantInfo) -> None:
        """Take the place of ``info`` in a room."""
        self.info = info
        self.left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def is_agent(self) -> bool:
        """Whether it is an agent, which nobody is kept waiting for."""
        return self.info.kind == AGENT


class Room:
    """A room that is open.

    Attributes:
        info: What the API shows of it.
        members: Identity → who is in it.
        dispatches: Id → what agents were sent for.
        heard: Set once an agent has published audio.
        is_listed: Whether the API still knows it; a Redis that lost everything does not.
    """

    def __init__(self, info: api.Room) -> None:
        """Open it."""
        self.info = info
        self.members: dict[str, Member] = {}
        self.dispatches: dict[str, api.AgentDispatch] = {}
        self.heard = asyncio.Event()
        self.is_listed = True
        self.is_open = True
        self.closing: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    def talking_agent(self) -> Member | None:
        """Return the first agent in the room that publishes."""
        members = self.members.values()
        return next((m for m in members if m.is_agent and m.info.is_publisher), None)

    def snapshot(self) -> api.Room:
        """Return what the API shows of it now; agents are not counted."""
        info = api.Room()
        info.CopyFrom(self.info)
        info.num_participants = sum(not member.is_agent for member in self.members.values())
        info.num_publishers = sum(member.info.is_publisher for member in self.members.values())
        return info


class Rooms:
    """All rooms."""

    def __init__(self, pace: Pace, emit: Emit) -> None:
        """Begin with none; ``emit`` is told every event."""
        self._pace = pace
        self._emit = emit
        self.by_name: dict[str, Room] = {}
        self.on_start: Callable[[Room, Sequence[api.RoomAgentDispatch]], None] = lambda *_: None

    def start(self, request: api.CreateRoomRequest) -> Room:
        """Return the room of this name; it is opened, with its agents, when there is none."""
        if request.name in self.by_name:
            return self.by_name[request.name]
        now_ms = time.time_ns() // 1_000_000
        room = Room(
            api.Room(
                sid=new_id("RM_"),
                name=request.name,
                empty_timeout=request.empty_timeout or EMPTY_TIMEOUT_S,
                departure_timeout=request.departure_timeout or DEPARTURE_TIMEOUT_S,
                max_participants=request.max_participants,
                metadata=request.metadata,
                creation_time=now_ms // 1000,
                creation_time_ms=now_ms,
                turn_password=secrets.token_urlsafe(16),
                enabled_codecs=[api.Codec(mime="audio/opus")],
            )
        )
        self.by_name[room.name] = room
        self._close_later(room, room.info.empty_timeout)
        self._emit("room_started", room.snapshot(), None, None)
        self.on_start(room, list(request.agents))
        return room

    def join(self, room: Room, info: api.ParticipantInfo) -> Member:
        """Let someone in, as soon as one of the same identity is out; they have yet to connect."""
        if info.identity in room.members:
            namesake = room.members[info.identity]
            self.leave(room, namesake, api.DisconnectReason.DUPLICATE_IDENTITY)
        now_ms = time.time_ns() // 1_000_000
        member = Member(info)
        info.sid = new_id("PA_")
        info.state = api.ParticipantInfo.State.JOINED
        info.joined_at, info.joined_at_ms = now_ms // 1000, now_ms
        info.version = 2
        info.permission.can_subscribe = info.permission.can_publish = True
        info.permission.can_publish_data = info.permission.can_update_metadata = True
        room.members[info.identity] = member
        if not member.is_agent and room.closing is not None:
            room.closing.cancel()
        return member

    def connect(self, room: Room, member: Member) -> None:
        """Let the media of someone who has joined be connected, unless they are out by then."""
        if member.left.done():
            return
        member.info.state = api.ParticipantInfo.State.ACTIVE
        self._emit("participant_joined", room.snapshot(), _copied(member.info), None)

    def publish(self, room: Room, member: Member) -> None:
        """Let someone in the room be heard."""
        track = api.TrackInfo(
            sid=new_id("TR_"),
            type=api.TrackType.AUDIO,
            source=api.TrackSource.MICROPHONE,
            mime_type="audio/opus",
        )
        member.info.is_publisher = True
        member.info.tracks.append(track)
        self._emit("track_published", room.snapshot(), _copied(member.info), track)
        if member.is_agent:
            room.heard.set()

    def leave(self, room: Room, member: Member, reason: api.DisconnectReason) -> None:
        """Let someone out, by whatever reason; a second time is nothing."""
        if member.left.done():
            return
        for track in member.info.tracks:
            self._emit("track_unpublished", room.snapshot(), _copied(member.info), track)
        del room.members[member.info.identity]
        info = _copied(member.info)
        was_connected = info.state == api.ParticipantInfo.State.ACTIVE
        event = "participant_left" if was_connected else "participant_connection_aborted"
        info.state = api.ParticipantInfo.State.DISCONNECTED
        info.disconnect_reason = reason
        member.left.set_result(reason)
        self._emit(event, room.snapshot(), info, None)
        if room.is_open and all(other.is_agent for other in room.members.values()):
            self._close_later(room, room.info.departure_timeout)

    def close(self, room: Room, reason: api.DisconnectReason) -> None:
        """Close a room; everyone in it leaves."""
        if not room.is_open:
            return
        room.is_open = False
        if room.closing is not None:
            room.closing.cancel()
        for member in list(room.members.values()):
            self.leave(room, member, reason)
        del self.by_name[room.name]
        self._emit("room_finished", room.snapshot(), None, None)

    def forget(self) -> None:
        """Lose what Redis knows of the rooms; who is in them notices nothing."""
        for room in self.by_name.values():
            room.is_listed = False

    def _close_later(self, room: Room, seconds: float) -> None:
        if room.closing is not None:
            room.closing.cancel()
        reason = api.DisconnectReason.ROOM_CLOSED
        room.closing = self._pace.later(seconds, lambda: self.close(room, reason))

    def _listed(self, name: str) -> Room:
        room = self.by_name.get(name)
        if room is None or not room.is_listed:
            raise TwirpError("not_found", "requested room does not exist")
        return room

    async def create_room(self, request: api.CreateRoomRequest) -> api.Room:
        """Open a room, or return the one that is open."""
        return self.start(request).snapshot()

    async def list_rooms(self, request: api.ListRoomsRequest) -> api.ListRoomsResponse:
        """List the rooms of these names, or all."""
        names = set(request.names) or set(self.by_name)
        rooms = (room for room in self.by_name.values() if room.is_listed)
        found = [room.snapshot() for room in rooms if room.name in names]
        return api.ListRoomsResponse(rooms=found)

    async def delete_room(self, request: api.DeleteRoomRequest) -> api.DeleteRoomResponse:
        """Close a room that is open."""
        self.close(self._listed(request.room), api.DisconnectReason.ROOM_DELETED)
        return api.DeleteRoomResponse()

    async def list_participants(
        self, request: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        """List who is in a room: nobody, when there is no such room."""
        room = self.by_name.get(request.room)
        members = room.members.values() if room is not None and room.is_listed else ()
        return api.ListParticipantsResponse(participants=[member.info for member in members])

    async def get_participant(self, request: api.RoomParticipantIdentity) -> api.ParticipantInfo:
        """Return one who is in a room."""
        return self._member(request)[1].info

    async def remove_participant(
        self, request: api.RoomParticipantIdentity
    ) -> api.RemoveParticipantResponse:
        """Put one out who is in a room."""
        room, member = self._member(request)
        self.leave(room, member, api.DisconnectReason.PARTICIPANT_REMOVED)
        return api.RemoveParticipantResponse()

    def _member(self, request: api.RoomParticipantIdentity) -> tuple[Room, Member]:
        room = self.by_name.get(request.room)
        if room is None or not room.is_listed or request.identity not in room.members:
            raise TwirpError("not_found", "participant does not exist")
        return room, room.members[request.identity]


def _copied(info: api.ParticipantInfo) -> api.ParticipantInfo:
    copy = api.ParticipantInfo()
    copy.CopyFrom(info)
    return copy
