"""Send for an agent's worker in an empty room, and say who came.

LiveKit answers a dispatch in the same way whether anybody serves it or not, and lists no workers,
so the only way to know is to try. A probe room is none of a call: its name has another form than
those of our rules, and no SIP participant is in it.
"""

import asyncio
from contextlib import suppress

import msgspec
import structlog

from cordboard.agents import store
from cordboard.agents.errors import ProbeRunningError
from cordboard.agents.model import AgentVersion, Probe
from cordboard.routing.livekit import LiveKit
from cordboard.routing.livekit_errors import LiveKitError
from cordboard.routing.livekit_shapes import Job
from cordboard.routing.model import Target
from cordboard.runtime.actor import Actor
from cordboard.runtime.db import Database, WriteTx
from cordboard.runtime.ids import AgentId, new_id
from cordboard.runtime.leases import claim_lease, release_lease
from cordboard.runtime.repeating import Work

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.1
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
        worker_id: The worker that took the job, as LiveKit names it (``AW_…``), or None.
        joined_after_ms: Milliseconds from the dispatch until the agent was seen in the room; None
            where nobody joined, or was gone again before the first look.
        detail: What was found, and for a version that nobody serves, what to do.
    """

    probe: Probe
    worker_id: str | None
    joined_after_ms: int | None
    detail: str


class _Attendance(msgspec.Struct, frozen=True):
    """Who took the job, and whether and when the agent was in the room."""

    job: Job | None = None
    has_come: bool = False
    after_ms: int | None = None


async def probe_agent(
    probing: Probing, actor: Actor, agent_id: AgentId, version: int | None
) -> ProbeReport:
    """Probe one version of an agent, the newest where none is named, and keep what was found.

    Raises:
        AgentNotFoundError: The organization has no such agent.
        AgentVersionNotFoundError: The agent has no such version.
        ProbeRunningError: Somebody probes the agent already.
        LiveKitError: LiveKit cannot be asked, so nothing was found out.
    """
    room, cluster_id = new_id("probe_"), probing.livekit.cluster_id
    lease_ms = round((probing.deadline_s + GRACE_S) * 1000)
    probed = await probing.db.write(
        _begin, actor, (agent_id, version), (cluster_id, room), lease_ms
    )
    try:
        attendance = await _attendance(probing, room, _target(probed, cluster_id))
        return await probing.db.write(_end, probed, attendance, probing.deadline_s)
    finally:
        await _clear_up(probing, agent_id, room)


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
    await livekit.create_room(room, round(probing.deadline_s) + GRACE_S)
    dispatch_id = await livekit.create_dispatch(room, target)
    begun_s = loop.time()
    while True:
        is_there = any(each.kind == "agent" for each in await livekit.list_participants(room))
        after_ms = round((loop.time() - begun_s) * 1000)
        job = await _job(livekit, room, dispatch_id)
        if is_there:
            return _Attendance(job, has_come=True, after_ms=after_ms)
        # An agent that is told to leave at once may have come and gone between two looks.
        if job is not None and job.has_succeeded:
            return _Attendance(job, has_come=True)
        if loop.time() - begun_s >= probing.deadline_s:
            return _Attendance(job)
        await asyncio.sleep(LOOK_EVERY_S)


async def _job(livekit: LiveKit, room: str, dispatch_id: str) -> Job | None:
    dispatches = await livekit.list_dispatches(room)
    jobs = [job for each in dispatches if each.dispatch_id == dispatch_id for job in each.jobs]
    return jobs[-1] if jobs else None


async def _end(
    tx: WriteTx, probed: AgentVersion, attendance: _Attendance, deadline_s: float
) -> ProbeReport:
    """Keep what was found."""
    probe = Probe(
        organization_id=probed.organization_id,
        agent_id=probed.agent_id,
        version=probed.version,
        livekit_agent_name=probed.livekit_agent_name,
        livekit_deployment=probed.livekit_deployment,
        is_served=attendance.has_come,
        probed_ms=tx.now_ms,
    )
    await store.update_probe(tx, probe)
    worker_id = None if attendance.job is None else attendance.job.worker_id
    return ProbeReport(
        probe, worker_id, attendance.after_ms, _detail(probe, attendance, deadline_s)
    )


def _detail(probe: Probe, attendance: _Attendance, deadline_s: float) -> str:
    name, deployment = probe.livekit_agent_name, probe.livekit_deployment
    worker = f"as '{name}', " + (
        f"deployment '{deployment}'" if deployment else "without a deployment"
    )
    if attendance.has_come:
        return f"a worker registered {worker} took the job and joined"
    if attendance.job is not None:
        return (
            f"worker {attendance.job.worker_id}, registered {worker}, took the job and did not "
            f"join within {deadline_s:g} s; look at its log"
        )
    return (
        f"no worker registered {worker} took the job within {deadline_s:g} s. Start one, or see "
        "whether it is busy, and compare its agent name and LIVEKIT_AGENT_DEPLOYMENT: LiveKit "
        "takes both exactly"
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
