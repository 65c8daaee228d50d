"""Whether calls are being recorded, and since when they were not.

In the ``dedicated`` topology LiveKit connects calls while Cordboard is down. Those that are still
up when it comes back are recorded; of those that came and went meanwhile nothing is known, so at
least the time is told in which there may have been some.
"""

from functools import partial

import structlog

from cordboard.runtime.clock import iso_utc
from cordboard.runtime.db import Database
from cordboard.runtime.heartbeat import beat
from cordboard.runtime.repeating import Work

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 5
TOLERANCE_MS = 20_000
"""Longer than a restart, in which LiveKit repeats its events for 15 s, so none of them is lost."""


def watch_name(cluster_id: str) -> str:
    """Return the heartbeat's name of whatever records the calls of a cluster."""
    return f"calls/{cluster_id}"


def note_watch(db: Database, cluster_id: str) -> Work:
    """Return the work that notes that calls are recorded, and tells when they were not."""
    return Work("note_watch", partial(_note_watch, db, cluster_id), BEAT_EVERY_S)


async def _note_watch(db: Database, cluster_id: str) -> None:
    gap = await db.write(beat, watch_name(cluster_id), TOLERANCE_MS)
    if gap is not None:
        log.warning(
            "calls_not_recorded",
            began_at=iso_utc(gap.began_ms),
            ended_at=iso_utc(gap.ended_ms),
            seconds=gap.seconds,
        )
