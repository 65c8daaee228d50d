"""A participant of kind SIP in a room of the real livekit-server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from livekit import api

from tests.e2e.seats import Seat, Server

PITCH_HZ = 600


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


@asynccontextmanager
async def taken_seat(server: Server, participant: Participant) -> AsyncIterator[Seat]:
    """Be in a room for the time of a block, with the token that livekit-sip would use.

    Raises:
        NotLetInError: The server does not let it in, or is not there.
    """
    token = _token(server, participant)
    taking = server.seats.taken(server.url, token, PITCH_HZ, is_telephone=True)
    async with taking as seat:
        yield seat


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
