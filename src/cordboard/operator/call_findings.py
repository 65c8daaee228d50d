"""What ``cordboard doctor`` finds about calls: who would not answer, what was not recorded."""

from collections.abc import Iterator

from cordboard.calls.store import get_peak_per_second
from cordboard.calls.unserved import list_unserved_bindings
from cordboard.calls.watch import TOLERANCE_MS, watch_name
from cordboard.routing.store import get_pair_count
from cordboard.routing.topology import Layer
from cordboard.runtime.clock import Clock, iso_utc
from cordboard.runtime.db import Database
from cordboard.runtime.db.examination import Finding, Level
from cordboard.runtime.heartbeat import find_last_beat, list_gaps
from cordboard.runtime.settings import Settings

MOST_SHOWN = 20
MOST_BINDINGS = 1000
LOOKED_BACK_MS = 7 * 24 * 3600 * 1000
LARGEST_LOAD = 100_000
"""Pairs times calls per second: LiveKit looks at every trunk and rule for each call, and two cores
manage 200,000 to 300,000 of them a second."""


async def call_findings(
    settings: Settings, db: Database, cluster_id: str, clock: Clock
) -> list[Finding]:
    """Look at workers that are missing, at times without records, and at the load on LiveKit."""
    findings = [*await _unserved(db), *await _gaps(db, cluster_id, clock())]
    if Layer(settings.livekit_topology) is Layer.DEDICATED:
        findings.append(await _load(db, cluster_id, clock()))
    return [*findings, *_timeouts(settings)]


async def _unserved(db: Database) -> list[Finding]:
    """Complain about numbers whose agent had no worker when it was last sent for."""
    found = await db.scan(list_unserved_bindings, MOST_BINDINGS)
    if not found:
        return [Finding("workers", Level.OK, "none is known to be missing")]
    findings = [Finding("workers", Level.WARNING, each.detail) for each in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        text = f"{len(found) - MOST_SHOWN} more agents seem to be served by nobody"
        findings.append(Finding("workers", Level.WARNING, text))
    return findings


async def _gaps(db: Database, cluster_id: str, now_ms: int) -> list[Finding]:
    """Tell in which times calls may have come and gone without a record."""
    name = watch_name(cluster_id)
    last_ms = await db.read(find_last_beat, name)
    gaps = await db.read(list_gaps, name, now_ms - LOOKED_BACK_MS)
    lost = "calls that began and ended then are not in the record"
    findings = [
        Finding(
            "call records",
            Level.WARNING,
            f"no server ran from {iso_utc(gap.began_ms)} to {iso_utc(gap.ended_ms)} "
            f"({gap.seconds} s); {lost}",
        )
        for gap in gaps[:MOST_SHOWN]
    ]
    if last_ms is not None and now_ms - last_ms > TOLERANCE_MS:
        text = f"no server has run since {iso_utc(last_ms)}; start it, it takes calls that are up"
        findings.insert(0, Finding("call records", Level.WARNING, text))
    whole = Finding("call records", Level.OK, "no gap in the last 7 days")
    return findings or [whole]


async def _load(db: Database, cluster_id: str, now_ms: int) -> Finding:
    """Complain when LiveKit has more to look through than it manages."""
    pairs = await db.scan(get_pair_count, cluster_id)
    peak = await db.scan(get_peak_per_second, cluster_id, now_ms - LOOKED_BACK_MS)
    text = f"trunks at LiveKit: {pairs}; calls in the busiest second of the last 7 days: {peak}"
    if pairs * peak <= LARGEST_LOAD:
        return Finding("load", Level.OK, text)
    text += (
        f": more than {LARGEST_LOAD:,} trunks to look at in a second, so callers wait or are "
        "refused; set CORDBOARD_LIVEKIT_TOPOLOGY=shared"
    )
    return Finding("load", Level.WARNING, text)


def _timeouts(settings: Settings) -> Iterator[Finding]:
    """Complain when LiveKit ends a call before the next agent is tried."""
    if settings.ringing_timeout > settings.agent_audio_timeout:
        return
    text = (
        f"CORDBOARD_RINGING_TIMEOUT ({settings.ringing_timeout} s) is not longer than "
        f"CORDBOARD_AGENT_AUDIO_TIMEOUT ({settings.agent_audio_timeout:g} s): LiveKit ends a call "
        "before its fallback agent is tried"
    )
    yield Finding("timeouts", Level.WARNING, text)
