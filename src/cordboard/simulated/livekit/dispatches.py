"""AgentDispatchService: sending for agents, which says nothing about whether one comes."""

import time
from collections.abc import Sequence

from livekit import api

from cordboard.simulated.livekit.errors import TwirpError
from cordboard.simulated.livekit.rooms import Room, Rooms, new_id
from cordboard.simulated.livekit.workers import Workers


class Dispatches:
    """What agents were sent for, in all rooms."""

    def __init__(self, rooms: Rooms, workers: Workers) -> None:
        """Serve these rooms with these workers."""
        self._rooms = rooms
        self._workers = workers

    def launch_all(self, room: Room, agents: Sequence[api.RoomAgentDispatch]) -> None:
        """Send for the agents of a new room; an empty list sends for the unnamed workers."""
        for agent in agents or [api.RoomAgentDispatch()]:
            self._launch(
                room,
                api.AgentDispatch(
                    agent_name=agent.agent_name,
                    deployment=agent.deployment,
                    metadata=agent.metadata,
                    attributes=agent.attributes,
                ),
            )

    def _launch(self, room: Room, dispatch: api.AgentDispatch) -> api.AgentDispatch:
        dispatch.id = new_id("AD_")
        dispatch.room = room.name
        dispatch.state.created_at = time.time_ns()
        room.dispatches[dispatch.id] = dispatch
        self._workers.launch(room, dispatch)
        return dispatch

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> api.AgentDispatch:
        """Send for an agent; a room that is not there is opened, as one without agents."""
        room = self._rooms.start(api.CreateRoomRequest(name=request.room))
        dispatch = api.AgentDispatch(
            agent_name=request.agent_name,
            deployment=request.deployment,
            metadata=request.metadata,
            attributes=request.attributes,
        )
        answer = api.AgentDispatch()
        answer.CopyFrom(self._launch(room, dispatch))
        answer.state.ClearField("jobs")
        return answer

    async def list_dispatch(
        self, request: api.ListAgentDispatchRequest
    ) -> api.ListAgentDispatchResponse:
        """List a room's dispatches, or the one that is named, with the jobs they led to."""
        dispatches = self._open(request.room).dispatches
        if request.dispatch_id:
            found = [dispatches[request.dispatch_id]] if request.dispatch_id in dispatches else []
        else:
            found = list(dispatches.values())
        return api.ListAgentDispatchResponse(agent_dispatches=found)

    async def delete_dispatch(self, request: api.DeleteAgentDispatchRequest) -> api.AgentDispatch:
        """Delete a dispatch; its agents leave, or never come."""
        room = self._open(request.room)
        if request.dispatch_id not in room.dispatches:
            raise TwirpError("not_found", "dispatch ID not found")
        dispatch = room.dispatches.pop(request.dispatch_id)
        self._workers.terminate(room, dispatch)
        return dispatch

    def _open(self, name: str) -> Room:
        """Return a room that is open; where there is none, no node answers for its topic."""
        room = self._rooms.by_name.get(name)
        if room is None:
            raise TwirpError("unavailable", "no response from servers")
        return room
