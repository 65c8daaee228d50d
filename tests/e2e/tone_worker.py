"""An agent worker without any intelligence, on LiveKit's own protocol for workers.

It takes every job of its name and deployment and does what its behaviour says: join, publish a
tone, keep silent, leave. A job that is terminated is left at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from livekit import api
from livekit.protocol import agent

from cordboard.simulated.livekit import Behaviour, Job
from tests.e2e.seats import NotLetInError, Server

PITCH_HZ = 440
GRANTS = api.VideoGrants(agent=True)
PERMISSION = api.ParticipantPermission(
    can_subscribe=True, can_publish=True, can_publish_data=True, agent=True
)


class ToneWorker:
    """A registered worker.

    Attributes:
        behaviour: What it does with its jobs; may be changed for those to come.
        jobs: What it got, in order.
    """

    def __init__(
        self, agent_name: str, deployment: str, behaviour: Behaviour, server: Server
    ) -> None:
        self.behaviour = behaviour
        self.jobs: list[Job] = []
        self._name, self._deployment, self._server = agent_name, deployment, server
        self._working: dict[str, asyncio.Task[None]] = {}

    async def register(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Say what it is, and wait until the server has it among its workers."""
        wanted = agent.RegisterWorkerRequest(
            type=agent.JobType.JT_ROOM,
            agent_name=self._name,
            deployment=self._deployment,
            version="1.0.0",
            allowed_permissions=PERMISSION,
        )
        await _send(socket, agent.WorkerMessage(register=wanted))
        answer = agent.ServerMessage.FromString(await socket.receive_bytes())
        assert answer.WhichOneof("message") == "register", answer
        available = agent.UpdateWorkerStatus(status=agent.WorkerStatus.WS_AVAILABLE, load=0)
        await _send(socket, agent.WorkerMessage(update_worker=available))

    async def serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take jobs until the connection ends."""
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await self._take(socket, agent.ServerMessage.FromString(message.data))

    async def stop(self) -> None:
        """Leave every room."""
        tasks = list(self._working.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(
        self, socket: aiohttp.ClientWebSocketResponse, message: agent.ServerMessage
    ) -> None:
        match message.WhichOneof("message"):
            case "availability":
                await _send(socket, agent.WorkerMessage(availability=self._answer(message)))
            case "assignment":
                self._begin(message.assignment)
            case "termination":
                if (task := self._working.get(message.termination.job_id)) is not None:
                    task.cancel()

    def _answer(self, message: agent.ServerMessage) -> agent.AvailabilityResponse:
        job_id = message.availability.job.id
        return agent.AvailabilityResponse(
            job_id=job_id,
            available=not self.behaviour.is_busy,
            participant_identity=_identity(job_id),
            participant_name=self._name,
        )

    def _begin(self, assignment: agent.JobAssignment) -> None:
        job = assignment.job
        self.jobs.append(
            Job(
                id=job.id,
                dispatch_id=job.dispatch_id,
                room=job.room.name,
                agent_name=job.agent_name,
                deployment=job.deployment,
                metadata=job.metadata,
                identity=_identity(job.id),
            )
        )
        task = asyncio.create_task(self._work(assignment.token, self.behaviour))
        self._working[job.id] = task
        task.add_done_callback(lambda _: self._working.pop(job.id))

    async def _work(self, token: str, behaviour: Behaviour) -> None:
        if behaviour.joins_after_s is None:
            return
        await asyncio.sleep(behaviour.joins_after_s)
        seats, url = self._server.seats, self._server.url
        taking = seats.taken(url, token, PITCH_HZ, is_telephone=False)
        try:
            async with taking as seat, asyncio.timeout(behaviour.leaves_after_s):
                if behaviour.audio_after_s is not None:
                    await asyncio.sleep(behaviour.audio_after_s)
                    seat.speak()
                await seat.is_out.wait()
        except (TimeoutError, NotLetInError):
            # It has left as it should, or the room was closed before it came.
            return


def _identity(job_id: str) -> str:
    return f"agent-{job_id}"


async def _send(socket: aiohttp.ClientWebSocketResponse, message: agent.WorkerMessage) -> None:
    await socket.send_bytes(message.SerializeToString())


@asynccontextmanager
async def registered_worker(
    agent_name: str, deployment: str, behaviour: Behaviour, server: Server
) -> AsyncIterator[ToneWorker]:
    """Register a worker at a livekit-server for the time of a block."""
    worker = ToneWorker(agent_name, deployment, behaviour, server)
    token = api.AccessToken(server.api_key, server.api_secret).with_grants(GRANTS).to_jwt()
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/agent", headers=headers) as socket,
    ):
        await worker.register(socket)
        serving = asyncio.create_task(worker.serve(socket))
        try:
            yield worker
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await worker.stop()
