"""A break is told by whoever goes on after it."""

import asyncio

from cordboard.runtime.db import Database
from cordboard.runtime.heartbeat import GAP_KEPT_MS, Gap, beat, find_last_beat, list_gaps
from tests.support.clock import START_MS, SettableClock

NAME = "calls/default"
TOLERANCE_MS = 20_000


async def test_the_first_beat_ends_no_gap(db: Database, clock: SettableClock) -> None:
    assert await db.read(find_last_beat, NAME) is None
    assert await db.write(beat, NAME, TOLERANCE_MS) is None
    assert await db.read(find_last_beat, NAME) == START_MS


async def test_a_break_longer_than_tolerated_is_told_once_and_kept(
    db: Database, clock: SettableClock
) -> None:
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(ms=TOLERANCE_MS)
    assert await db.write(beat, NAME, TOLERANCE_MS) is None
    clock.advance(ms=TOLERANCE_MS + 1)
    gap = Gap(START_MS + TOLERANCE_MS, START_MS + 2 * TOLERANCE_MS + 1)
    assert await db.write(beat, NAME, TOLERANCE_MS) == gap
    assert await db.write(beat, NAME, TOLERANCE_MS) is None
    assert await db.read(list_gaps, NAME, START_MS) == [gap]
    assert await db.read(list_gaps, NAME, gap.ended_ms + 1) == []
    assert gap.seconds == 20


async def test_names_beat_apart(db: Database, clock: SettableClock) -> None:
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(hours=1)
    assert await db.write(beat, "calls/other", TOLERANCE_MS) is None
    assert await db.write(beat, NAME, TOLERANCE_MS) is not None
    assert await db.read(list_gaps, "calls/other", 0) == []


async def test_of_several_that_beat_at_once_one_tells(db: Database, clock: SettableClock) -> None:
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(hours=1)
    told = await asyncio.gather(*(db.write(beat, NAME, TOLERANCE_MS) for _ in range(8)))
    assert len([gap for gap in told if gap is not None]) == 1


async def test_a_clock_that_goes_backwards_is_no_gap(db: Database, clock: SettableClock) -> None:
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(hours=-1)
    assert await db.write(beat, NAME, TOLERANCE_MS) is None
    clock.advance(seconds=5)
    assert await db.write(beat, NAME, TOLERANCE_MS) is None


async def test_gaps_are_forgotten_after_30_days(db: Database, clock: SettableClock) -> None:
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(hours=1)
    await db.write(beat, NAME, TOLERANCE_MS)
    clock.advance(ms=GAP_KEPT_MS + 1)
    newest = await db.write(beat, NAME, TOLERANCE_MS)
    assert await db.read(list_gaps, NAME, 0) == [newest]
