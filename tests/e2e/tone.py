"""Somebody in a room who can be heard: a participant that publishes a tone."""

import array
import asyncio
import logging
import math
from functools import cache

from livekit import rtc

from tests.e2e.first import first_of

RATE_HZ = 48_000
FRAME_S = 0.1
LOUDNESS = 6000
TRIES_AGAIN_S = 0.2

# LiveKit's client reports every room that another side closes as an error.
logging.getLogger("livekit").setLevel(logging.CRITICAL)


@cache
def _frame(pitch_hz: float) -> rtc.AudioFrame:
    count = int(RATE_HZ * FRAME_S)
    samples = (LOUDNESS * math.sin(2 * math.pi * pitch_hz * n / RATE_HZ) for n in range(count))
    return rtc.AudioFrame(array.array("h", map(int, samples)).tobytes(), RATE_HZ, 1, count)


async def speak(room: rtc.Room, pitch_hz: float, is_out: asyncio.Event) -> None:
    """Publish a tone in a room until it is left; publishing alone would not notice that."""
    source = rtc.AudioSource(RATE_HZ, 1)
    try:
        await first_of(_speak(room, source, _frame(pitch_hz)), is_out.wait())
    finally:
        await source.aclose()


async def _speak(room: rtc.Room, source: rtc.AudioSource, frame: rtc.AudioFrame) -> None:
    track = rtc.LocalAudioTrack.create_audio_track("tone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    while True:
        try:
            await room.local_participant.publish_track(track, options)
        except rtc.participant.PublishTrackError:
            # The server was too busy, or the room is closed; an event tells whoever speaks of that.
            await asyncio.sleep(TRIES_AGAIN_S)
        else:
            break
    while True:
        await source.capture_frame(frame)
