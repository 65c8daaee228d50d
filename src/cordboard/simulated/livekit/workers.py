"""Agent workers without any intelligence: they take jobs, join, publish a tone, or fail to.

Observed of livekit-server 1.13.5: a job goes to a worker of exactly this name and deployment; where
there is none, or all are busy, nothing happens and nobody is told; a worker that comes later is not
given what waits.
"""

import time
from collections.abc import Callable

import msgspec
from livekit import api

from cordboard.simulated.livekit.pace import Pace
from cordboard.simulated.livekit.rooms import AGENT, Member, Room, Rooms, new_id


class Behaviour(msgspec.Struct, frozen=True):
    """What a worker does with a job.

    Attributes:
        joins_after_s: After the dispatch; None: it takes the job and never joins.
        audio_after_s: After it joined; None: it stays silent.
        leaves_after_s: After it joined; None: when the room closes or it is put out.
        is_busy: Whether it takes no jobs at all.
        listed_after_s: When LiveKit lists its job; an idle server takes up to 5 s.
        is_connecting: Whether it is past calling off by the time it joins: if its room was closed
            meanwhile, it opens that again.
    """

    joins_after_s: float | None = 0.25
    audio_after_s: float | None = 0.07
    leaves_after_s: float | None = None
    is_busy: bool = False
    listed_after_s: float = 0
    is_connecting: bool = False


class Job(msgspec.Struct):
    """A job that a worker got.

    Attributes:
        room: The room's name.
        metadata: What the dispatch said to the agent.
        identity: The participant that the agent joins as.
    """

    id: str
    dispatch_id: str
    room: str
    agent_name: str
    deployment: str
    metadata: str
    identity: str


class Worker:
    """A worker of one agent name and deployment.

    Attributes:
        behaviour: What it does with its jobs; may be changed for those to come.
        jobs: What it got, in order.
    """

    def __init__(self, agent_name: str, deployment: str, behaviour: Behaviour) -> None:
        """Be ready for jobs."""
        self.id = new_id("AW_")
        self.agent_name = agent_name
        self.deployment = deployment
        self.behaviour = behaviour
        self.jobs: list[Job] = []


class Workers:
    """The workers that are registered.

    Attributes:
        hires: Whether a worker of this name is registered when it is sent for and there is none.
            LiveKit does no such thing; it spares whoever tries things naming every agent.
    """

    def __init__(self, pace: Pace, rooms: Rooms) -> None:
        """Begin with none."""
        self._pace = pace
        self._rooms = rooms
        self.registered: list[Worker] = []
        self.hires: Callable[[str], bool] = lambda _: False
        self._terminated: set[str] = set()

    def register(self, worker: Worker) -> None:
        """Give this worker jobs from now on."""
        self.registered.append(worker)

    def unregister(self, worker: Worker) -> None:
        """Give it no more; what it runs goes on."""
        self.registered.remove(worker)

    def job_of(self, identity: str) -> Job | None:
        """Return the job by which a participant came, if a worker that is registered has it."""
        jobs = (job for worker in self.registered for job in worker.jobs)
        return next((job for job in jobs if job.identity == identity), None)

    def launch(self, room: Room, dispatch: api.AgentDispatch) -> None:
        """Give a job to the least used worker that fits; where none does, say nothing."""
        fitting = [
            worker
            for worker in self.registered
            if (worker.agent_name, worker.deployment) == (dispatch.agent_name, dispatch.deployment)
            and not worker.behaviour.is_busy
        ]
        if not fitting and self.hires(dispatch.agent_name):
            fitting = [Worker(dispatch.agent_name, dispatch.deployment, Behaviour())]
            self.registered += fitting
        if not fitting:
            return
        worker = min(fitting, key=lambda worker: len(worker.jobs))
        job_id = new_id("AJ_")
        job = Job(
            id=job_id,
            dispatch_id=dispatch.id,
            room=room.name,
            agent_name=dispatch.agent_name,
            deployment=dispatch.deployment,
            metadata=dispatch.metadata,
            identity=f"agent-{job_id}",
        )
        worker.jobs.append(job)
        shown = _shown(job, worker, room)
        if worker.behaviour.listed_after_s:
            listed_after_s = worker.behaviour.listed_after_s
            self._pace.later(listed_after_s, lambda: dispatch.state.jobs.append(shown))
        else:
            dispatch.state.jobs.append(shown)
        self._pace.start(self._work(job, worker.behaviour, room))

    def terminate(self, room: Room, dispatch: api.AgentDispatch) -> None:
        """End the jobs of a dispatch; their agents leave, or never come."""
        for job in dispatch.state.jobs:
            self._terminated.add(job.id)
            if member := room.members.get(job.state.participant_identity):
                self._rooms.leave(room, member, api.DisconnectReason.PARTICIPANT_REMOVED)

    async def _work(self, job: Job, behaviour: Behaviour, room: Room) -> None:
        if behaviour.joins_after_s is None:
            return
        await self._pace.sleep(behaviour.joins_after_s)
        if not room.is_open or job.id in self._terminated:
            if not behaviour.is_connecting:
                return
            room = self._rooms.start(api.CreateRoomRequest(name=room.name))
        info = api.ParticipantInfo(identity=job.identity, kind=AGENT)
        member = self._rooms.join(room, info)
        self._rooms.connect(room, member)
        if behaviour.leaves_after_s is not None:
            leaves = api.DisconnectReason.CLIENT_INITIATED
            self._pace.later(
                behaviour.leaves_after_s, lambda: self._rooms.leave(room, member, leaves)
            )
        if behaviour.audio_after_s is not None:
            await self._pace.sleep(behaviour.audio_after_s)
            self._speak(room, member)

    def _speak(self, room: Room, member: Member) -> None:
        if not member.left.done():
            self._rooms.publish(room, member)


def _shown(job: Job, worker: Worker, room: Room) -> api.Job:
    state = api.JobState(
        status=api.JobStatus.JS_RUNNING,
        started_at=time.time_ns(),
        participant_identity=job.identity,
        worker_id=worker.id,
    )
    return api.Job(
        id=job.id,
        dispatch_id=job.dispatch_id,
        room=room.snapshot(),
        metadata=job.metadata,
        agent_name=job.agent_name,
        deployment=job.deployment,
        state=state,
    )
