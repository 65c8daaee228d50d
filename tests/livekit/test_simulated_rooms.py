"""The simulated LiveKit's rooms, dispatches and workers are those of the real one."""

import pytest
from livekit import api

from cordboard.simulated.livekit import Behaviour, SimulatedLiveKit, simulated_livekit
from tests.support.livekit import SPEED, connected

ROOM = "a-room"


async def _dispatch(client: api.LiveKitAPI, agent: str, deployment: str = "") -> api.AgentDispatch:
    return await client.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(
            room=ROOM, agent_name=agent, deployment=deployment, metadata='{"cordboard":1}'
        )
    )


async def _create(client: api.LiveKitAPI, *agents: str) -> api.Room:
    wanted = [api.RoomAgentDispatch(agent_name=agent) for agent in agents]
    return await client.room.create_room(api.CreateRoomRequest(name=ROOM, agents=wanted))


async def _identities(client: api.LiveKitAPI) -> list[str]:
    listed = await client.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    return [member.identity for member in listed.participants]


async def _until_sent(lk: SimulatedLiveKit, event: str) -> None:
    while event not in lk.webhooks.sent:
        await lk.pace.sleep(0.01)


async def test_a_room_with_an_empty_agent_list_starts_the_unnamed_worker() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        unnamed = lk.register_worker("")
        await _create(client)
        assert [job.room for job in unnamed.jobs] == [ROOM]


async def test_a_room_with_an_agent_leaves_the_unnamed_worker_alone() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        unnamed, named = lk.register_worker(""), lk.register_worker("tone")
        await _create(client, "tone")
        assert (len(unnamed.jobs), len(named.jobs)) == (0, 1)


async def test_a_dispatch_into_no_room_opens_one_that_starts_the_unnamed_worker_too() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        unnamed, named = lk.register_worker(""), lk.register_worker("tone")
        await _dispatch(client, "tone")
        assert (len(unnamed.jobs), len(named.jobs)) == (1, 1)


@pytest.mark.parametrize(
    ("deployment", "jobs"), [("blue", [1, 0, 0]), ("green", [0, 1, 0]), ("", [0, 0, 1])]
)
async def test_a_dispatch_goes_to_exactly_its_deployment(deployment: str, jobs: list[int]) -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        workers = [lk.register_worker("tone", name) for name in ("blue", "green", "")]
        await _create(client, "nobody")
        await _dispatch(client, "tone", deployment)
        assert [len(worker.jobs) for worker in workers] == jobs


async def test_a_dispatch_that_nobody_takes_succeeds_and_has_no_job() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        busy = lk.register_worker("busy", behaviour=Behaviour(is_busy=True))
        await _create(client, "nobody")
        made = [await _dispatch(client, "unknown"), await _dispatch(client, "busy")]
        late = lk.register_worker("unknown")
        await lk.pace.sleep(1)
        listed = await client.agent_dispatch.list_dispatch(ROOM)
        assert {dispatch.id for dispatch in made} < {dispatch.id for dispatch in listed}
        assert not any(dispatch.state.jobs for dispatch in listed)
        assert (busy.jobs, late.jobs) == ([], [])


async def test_a_dispatch_lists_the_job_and_the_agent_that_joined() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        worker = lk.register_worker("tone")
        made = await _dispatch(client, "tone")
        assert not made.state.jobs
        await _until_sent(lk, "track_published")
        listed = await client.agent_dispatch.get_dispatch(made.id, ROOM)
        assert listed is not None
        job = listed.state.jobs[0]
        assert job.state.worker_id == worker.id
        assert await _identities(client) == [job.state.participant_identity]
        assert worker.jobs[0].metadata == '{"cordboard":1}'


async def test_a_worker_may_join_in_silence_or_leave_after_a_while() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("silent", behaviour=Behaviour(audio_after_s=None, leaves_after_s=2))
        await _dispatch(client, "silent")
        await _until_sent(lk, "participant_joined")
        assert len(await _identities(client)) == 1
        await _until_sent(lk, "participant_left")
        assert await _identities(client) == []
        assert "track_published" not in lk.webhooks.sent


async def test_deleting_a_dispatch_puts_its_agent_out_or_keeps_it_from_coming() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("quick", behaviour=Behaviour(joins_after_s=0))
        lk.register_worker("slow", behaviour=Behaviour(joins_after_s=1))
        quick, slow = await _dispatch(client, "quick"), await _dispatch(client, "slow")
        await _until_sent(lk, "participant_joined")
        await client.agent_dispatch.delete_dispatch(quick.id, ROOM)
        await client.agent_dispatch.delete_dispatch(slow.id, ROOM)
        await lk.pace.sleep(2)
        assert await _identities(client) == []
        assert lk.webhooks.sent.count("participant_joined") == 1
        with pytest.raises(api.TwirpError, match="dispatch ID not found"):
            await client.agent_dispatch.delete_dispatch(slow.id, ROOM)


async def test_a_room_that_nobody_joins_closes_and_an_agent_does_not_keep_it_open() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        wanted = [api.RoomAgentDispatch(agent_name="tone")]
        await client.room.create_room(
            api.CreateRoomRequest(name=ROOM, agents=wanted, empty_timeout=1)
        )
        await _until_sent(lk, "room_finished")
        assert lk.webhooks.sent == [
            "room_started",
            "participant_joined",
            "track_published",
            "track_unpublished",
            "participant_left",
            "room_finished",
        ]


async def test_what_is_not_there_is_refused_as_the_real_server_refuses_it() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        with pytest.raises(api.TwirpError, match="requested room does not exist"):
            await client.room.delete_room(api.DeleteRoomRequest(room="none"))
        nobody = api.RoomParticipantIdentity(room="none", identity="x")
        with pytest.raises(api.TwirpError, match="participant does not exist"):
            await client.room.remove_participant(nobody)
        with pytest.raises(api.TwirpError, match="participant does not exist"):
            await client.room.get_participant(nobody)
        listed = await client.room.list_participants(api.ListParticipantsRequest(room="none"))
        assert not listed.participants


async def test_a_token_for_one_room_does_nothing_in_another() -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        token = api.AccessToken(lk.api_key, lk.api_secret)
        token.with_grants(api.VideoGrants(room_admin=True, room="mine"))
        client = api.LiveKitAPI(lk.url, token=token.to_jwt())
        await client.room.list_participants(api.ListParticipantsRequest(room="mine"))
        with pytest.raises(api.TwirpError, match="permissions denied"):
            await client.room.list_participants(api.ListParticipantsRequest(room="yours"))
        await client.aclose()
