"""Joining a room of a livekit-server, all the way."""

import asyncio
import contextlib

from livekit import rtc


async def join(room: rtc.Room, url: str, token: str, options: rtc.RoomOptions) -> None:
    """Join a room; whoever is cancelled meanwhile is cancelled once that is done.

    LiveKit's client ends the whole process when a connection is abandoned half way.

    Raises:
        ConnectError: The server does not let it in, or is not there.
    """
    connecting = asyncio.ensure_future(room.connect(url, token, options))
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        with contextlib.suppress(rtc.ConnectError):
            await connecting
        raise
