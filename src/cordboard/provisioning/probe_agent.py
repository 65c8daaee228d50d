"""Send for an agent's worker in an empty room, and say who came.

LiveKit answers a dispatch in the same way whether anybody serves it or not, and lists no workers,
so the only way to know is to try. A probe room is none of a call: its name has another form than
those of our rules, and no SIP participant is in it. An agent that joined is seen by looking, or, if
it left between two looks, by LiveKit's event.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from cordboard.agents import store
from cordboard.agents.errors import ProbeRunningError
from cordboard.agents.model import AgentVersion, Probe
from cordboard.calls.store import find_seen
from cordboard.routing.events import PROBE_PREFIX
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.model import Target
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.idempotency import Answer, IdempotencyKey, find_answer, once
from cordboard.runtime.ids import AgentId, new_id
from cordboard.runtime.leases import claim_lease, release_lease
from cordboard.runtime.repeating import Work

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.05
GRACE_S = 20
"""How long a probe may take beyond its deadline: LiveKit's answers before and after it."""

SWEEP_EVERY_S = 60
SWEPT_AFTER_MS = 120_000
"""Longer than the longest probe: the longest deadline is a minute."""

SWEPT_AT_ONCE = 100


class Probing(msgspec.Struct, frozen=True):
    """Where agents are probed, and how long each may take to join."""

    db: Database
    livekit: LiveKit
    deadline_s: float


class ProbeReport(msgspec.Struct, frozen=True):
    """What came of a probe.

    Attributes:
        worker_id: The worker that took the job, as LiveKit names it (``AW_…``); None where it
            has not told so far.
        agent_identity: The agent in the room; None where nobody was seen there.
        joined_after_ms: Milliseconds from the dispatch until somebody was known to have joined.
        detail: What was found, and for a version that nobody serves, what to do.
    """

    probe: Probe
    worker_id: str | None
    agent_identity: str | None
    joined_after_ms: int | None
    detail: str


class _Attendance(msgspec.Struct, frozen=True):
    """Who took the job, who was in the room, and since when."""

    worker_id: str | None
    identity: str | None = None
    after_ms: int | None = None


async def probe_agent(
    probing: Probing,
    actor: Actor,
    wanted: tuple[AgentId, int | None],
    key: IdempotencyKey | None,
    render: Callable[[ProbeReport], Answer],
) -> Answer:
    """Probe one version of an agent, the newest where none is named, and keep what was found.

    Under a key the answer is kept with it, and repeated without another probe.

    Raises:
        IdempotencyMismatchError: The key came before, with another body.
        AgentNotFoundError: The organization has no such agent.
        AgentVersionNotFoundError: The agent has no such version.
        ProbeRunningError: Somebody probes the agent already.
        LiveKitError: LiveKit cannot be asked, so nothing was found out.
    """
    stored = await probing.db.read(find_answer, actor, key)
    if stored is not None:
        return stored
    room, cluster_id = new_id(PROBE_PREFIX), probing.livekit.cluster_id
    lease_ms = round((probing.deadline_s + GRACE_S) * 1000)
    probed = await probing.db.write(_begin, actor, wanted, (cluster_id, room), lease_ms)
    try:
        attendance = await _attendance(probing, room, _target(probed, cluster_id))
        end = once(_end, key, render)
        return await probing.db.write(end, actor, probed, attendance, probing.deadline_s)
    finally:
        await _clear_up(probing, wanted[0], room)


def sweep_probe_rooms(probing: Probing) -> Work:
    """Return the work that removes what probes left: a crash, or an agent that came too late."""

    async def sweep() -> None:
        db, livekit = probing.db, probing.livekit
        old = await db.read(
            store.list_old_probe_rooms, livekit.cluster_id, SWEPT_AFTER_MS, SWEPT_AT_ONCE
        )
        for room in old:
            await livekit.delete_room(room)
            await db.write(store.delete_probe_room, room)

    return Work("sweep_probe_rooms", sweep, SWEEP_EVERY_S)


async def _begin(
    tx: WriteTx,
    actor: Actor,
    wanted: tuple[AgentId, int | None],
    place: tuple[str, str],
    lease_ms: int,
) -> AgentVersion:
    """Note the room before it is made, and keep others from probing the same agent."""
    agent_id, version = wanted
    cluster_id, room = place
    if version is None:
        probed = (await store.get_agent(tx, actor.organization_id, agent_id)).newest
    else:
        probed = await store.get_version(tx, actor.organization_id, agent_id, str(version))
    if not await claim_lease(tx, _lease(agent_id), room, lease_ms):
        raise ProbeRunningError(agent_id)
    await store.insert_probe_room(tx, actor.organization_id, cluster_id, room)
    return probed


def _lease(agent_id: AgentId) -> str:
    return f"probe/{agent_id}"


def _target(probed: AgentVersion, cluster_id: str) -> Target:
    """Return what is sent for; the metadata says that it is a probe, and whose."""
    metadata = {
        "cordboard": 1,
        "probe": True,
        "organization_id": probed.organization_id,
        "agent_id": probed.agent_id,
        "agent_version": probed.version,
        "cluster": cluster_id,
    }
    return Target(
        agent_id=probed.agent_id,
        agent_version=probed.version,
        livekit_agent_name=probed.livekit_agent_name,
        livekit_deployment=probed.livekit_deployment,
        metadata=msgspec.json.encode(metadata).decode(),
    )


async def _attendance(probing: Probing, room: str, target: Target) -> _Attendance:
    """Send for the agent and look until it has come, or the deadline has passed."""
    livekit, loop = probing.livekit, asyncio.get_running_loop()
    room_sid = await livekit.create_room(room, round(probing.deadline_s) + GRACE_S)
    dispatch_id = await livekit.create_dispatch(room, target)
    begun_s = loop.time()
    while True:
        is_last = loop.time() - begun_s >= probing.deadline_s
        people = await livekit.list_participants(room)
        seen = await probing.db.read(find_seen, livekit.cluster_id, room_sid)
        after_ms = round((loop.time() - begun_s) * 1000)
        identity = next((each.identity for each in people if each.kind == "agent"), None)
        has_come = identity is not None or bool(seen.agents)
        if has_come or is_last:
            worker_id = await _worker(livekit, room, dispatch_id)
            return _Attendance(worker_id, identity, after_ms if has_come else None)
        await asyncio.sleep(LOOK_EVERY_S)


async def _worker(livekit: LiveKit, room: str, dispatch_id: str) -> str | None:
    """Return who took the job, as far as LiveKit tells."""
    dispatches = await livekit.list_dispatches(room)
    ids = [
        name for each in dispatches if each.dispatch_id == dispatch_id for name in each.worker_ids
    ]
    return ids[-1] if ids else None


async def _end(
    tx: WriteTx, actor: Actor, probed: AgentVersion, attendance: _Attendance, deadline_s: float
) -> ProbeReport:
    """Keep what was found."""
    probe = Probe(
        organization_id=actor.organization_id,
        agent_id=probed.agent_id,
        version=probed.version,
        livekit_agent_name=probed.livekit_agent_name,
        livekit_deployment=probed.livekit_deployment,
        is_served=attendance.after_ms is not None,
        probed_ms=tx.now_ms,
    )
    await store.update_probe(tx, probe)
    return ProbeReport(
        probe=probe,
        worker_id=attendance.worker_id,
        agent_identity=attendance.identity,
        joined_after_ms=attendance.after_ms,
        detail=_detail(probe, attendance.worker_id, deadline_s),
    )


def _detail(probe: Probe, worker_id: str | None, deadline_s: float) -> str:
    name, deployment = probe.livekit_agent_name, probe.livekit_deployment
    worker = f"as '{name}', " + (
        f"deployment '{deployment}'" if deployment else "without a deployment"
    )
    if probe.is_served:
        return f"an agent of a worker registered {worker} joined"
    if worker_id is not None:
        return (
            f"worker {worker_id}, registered {worker}, took the job and its agent did not join "
            f"within {deadline_s:g} s; look at its log"
        )
    return (
        f"no agent of a worker registered {worker} joined within {deadline_s:g} s. Start one, or "
        "see whether it is busy or failed, and compare its agent name and "
        "LIVEKIT_AGENT_DEPLOYMENT: LiveKit takes both exactly"
    )


async def _clear_up(probing: Probing, agent_id: AgentId, room: str) -> None:
    """Remove the room with what was sent for, and let others probe; the sweep makes up for it."""
    try:
        for dispatch in await probing.livekit.list_dispatches(room):
            await probing.livekit.delete_dispatch(room, dispatch.dispatch_id)
    except LiveKitError as error:
        log.warning("probe_not_cleared", room=room, code=error.code)
    with suppress(LiveKitError):
        await probing.livekit.delete_room(room)
    await probing.db.write(release_lease, _lease(agent_id), room)
