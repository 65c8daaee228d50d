"""The simulated LiveKit's callers hear what callers of the real one heard."""

import asyncio

import pytest
from livekit import api

from cordboard.simulated.livekit import Behaviour, EndReason, simulated_livekit
from tests.support.livekit import CALLER, NUMBER, SPEED, a_rule, a_trunk, connected

NEVER_ANSWERS = Behaviour(joins_after_s=None)


async def test_a_call_rings_until_the_agent_is_heard_and_ends_when_the_caller_hangs_up() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        worker = lk.register_worker("tone")
        rule_id = await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER)
        identity = await call.until_answered()
        assert [job.identity for job in worker.jobs] == [identity]
        assert (call.rule_id, worker.jobs[0].metadata) == (rule_id, "{}")
        call.hang_up()
        ended = await call.until_ended()
    assert (ended.status, ended.reason) == (200, EndReason.CALLER_HUNG_UP)
    assert call.messages == ["INVITE", "100", "180", "200", "BYE"]
    assert call.room is not None
    assert call.room.startswith(f"call_{CALLER}_")


async def test_a_call_for_whom_no_worker_is_there_ends_at_the_ringing_timeout() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("")
        lk.register_worker("tone", "green")
        await a_rule(client, await a_trunk(client, NUMBER, rings_for_s=4), agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER)
        ended = await call.until_ended()
        assert [worker.jobs for worker in lk.workers.registered] == [[], []]
    assert (ended.status, ended.reason) == (486, EndReason.RINGING_TIMEOUT)
    assert ended.after_s >= 4
    assert call.messages == ["INVITE", "100", "180", "486"]


async def test_a_late_dispatch_to_another_agent_rescues_a_ringing_call() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone", behaviour=NEVER_ANSWERS)
        fallback = lk.register_worker("fallback")
        await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER)
        assert call.messages == ["INVITE"]
        await lk.pace.sleep(0.5)
        await client.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(room=call.room or "", agent_name="fallback")
        )
        assert await call.until_answered() == fallback.jobs[0].identity


@pytest.mark.parametrize("has_trunk", [True, False])
async def test_a_call_that_no_rule_takes_rings_until_the_caller_gives_up(
    *, has_trunk: bool
) -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        if has_trunk:
            await a_trunk(client, NUMBER)
        call = await lk.call(to=NUMBER, from_=CALLER)
        with pytest.raises(TimeoutError):
            await call.until_ended(within_s=10)
        call.hang_up()
        ended = await call.until_ended()
        assert (ended.status, ended.reason) == (487, EndReason.CALLER_HUNG_UP)
        assert lk.webhooks.sent == []


async def test_a_room_deleted_once_the_caller_has_published_ends_the_call_with_486() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        await a_rule(client, await a_trunk(client, NUMBER))
        call = await lk.call(to=NUMBER, from_=CALLER)
        while "track_published" not in lk.webhooks.sent:
            await lk.pace.sleep(0.01)
        await client.room.delete_room(api.DeleteRoomRequest(room=call.room or ""))
        ended = await call.until_ended()
        assert (ended.status, ended.reason) == (486, EndReason.ROOM_CLOSED)
        assert call.messages == ["INVITE", "100", "180", "486"]


async def test_a_caller_removed_while_it_rings_hears_486() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        await a_rule(client, await a_trunk(client, NUMBER))
        call = await lk.call(to=NUMBER, from_=CALLER)
        while "track_published" not in lk.webhooks.sent:
            await lk.pace.sleep(0.01)
        await client.room.remove_participant(
            api.RoomParticipantIdentity(room=call.room or "", identity=f"sip_{CALLER}")
        )
        ended = await call.until_ended()
    assert (ended.status, ended.reason) == (486, EndReason.REMOVED)


async def test_a_call_ends_at_the_longest_duration_of_its_trunk() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        trunk_id = await a_trunk(client, NUMBER)
        trunk = api.SIPInboundTrunkInfo(numbers=[NUMBER])
        trunk.max_call_duration.FromSeconds(1)
        await client.sip.update_inbound_trunk(trunk_id, trunk)
        await a_rule(client, trunk_id, agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER)
        ended = await call.until_ended()
    assert (ended.status, ended.reason) == (200, EndReason.MAX_CALL_DURATION)
    assert call.messages[-2:] == ["200", "BYE"]


async def test_a_room_deleted_before_the_caller_has_published_leaves_it_ringing() -> None:
    async with simulated_livekit(speed=0.25) as lk, connected(lk) as client:
        await a_rule(client, await a_trunk(client, NUMBER, rings_for_s=0.05))
        call = await lk.call(to=NUMBER, from_=CALLER)
        while "participant_joined" not in lk.webhooks.sent:
            await lk.pace.sleep(0.001)
        await client.room.delete_room(api.DeleteRoomRequest(room=call.room or ""))
        assert "track_published" not in lk.webhooks.sent
        with pytest.raises(TimeoutError):
            await call.until_ended(within_s=0.15)
        assert not lk.rooms.by_name


async def test_a_room_deleted_before_the_caller_has_joined_is_opened_again() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        worker = lk.register_worker("tone")
        await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER)
        while call.room is None:
            await lk.pace.sleep(0)
        lk.rooms.close(lk.rooms.by_name[call.room], api.DisconnectReason.ROOM_DELETED)
        await call.until_answered()
        assert len(worker.jobs) == 2


async def test_racing_creates_of_one_number_both_win_and_every_call_then_fails() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.sip.write_delay_s = 0.05
        await asyncio.gather(a_trunk(client, NUMBER), a_trunk(client, NUMBER))
        call = await lk.call(to=NUMBER, from_=CALLER)
        ended = await call.until_ended()
    assert (ended.status, ended.reason) == (503, EndReason.LOOK_UP_FAILED)


async def test_two_equal_rules_fail_the_calls_of_their_trunk_alone() -> None:
    other = "+15550001002"
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        rule_id = await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        twin = api.SIPDispatchRuleInfo()
        twin.CopyFrom(lk.sip.rules[rule_id])
        await a_rule(client, await a_trunk(client, other), agent="tone")
        twin.sip_dispatch_rule_id = "SDR_twin"
        lk.sip.rules["SDR_twin"] = twin
        failed = await lk.call(to=NUMBER, from_=CALLER)
        assert (await failed.until_ended()).status == 503
        call = await lk.call(to=other, from_=CALLER)
        await call.until_answered()


@pytest.mark.parametrize(
    ("entry", "from_host", "is_taken"),
    [
        ("10.9.9.9/32", None, False),
        ("10.9.9.9/32", "10.9.9.9", False),
        ("10.9.9.9", None, False),
        ("10.9.9.9", "10.9.9.9", True),
        ("sip.example.com", "sip.example.com", True),
        ("10.9.9.9;x", None, True),
        ("10.9.9.9, 10.9.9.8", None, True),
        ("127.0.0.0/8", None, True),
    ],
)
async def test_an_address_entry_opens_what_it_opens_at_the_real_one(
    entry: str, from_host: str | None, *, is_taken: bool
) -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        await a_rule(client, await a_trunk(client, NUMBER, addresses=(entry,)), agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER, from_host=from_host)
        if is_taken:
            await call.until_answered()
        else:
            with pytest.raises(TimeoutError):
                await call.until_answered(within_s=2)
            assert call.room is None


async def test_a_rule_without_trunks_answers_calls_that_no_trunk_takes() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        await a_rule(client, agent="tone")
        call = await lk.call(to=NUMBER, from_=CALLER, source="203.0.113.9")
        await call.until_answered()
        assert call.trunk_id == ""


async def test_a_trunk_with_the_number_beats_a_wildcard_trunk() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("dedicated")
        lk.register_worker("shared")
        await a_rule(client, await a_trunk(client), agent="shared")
        own = await a_trunk(client, "1 (555) 000-1001")
        await a_rule(client, own, agent="dedicated")
        call = await lk.call(to=NUMBER, from_=CALLER)
        await call.until_answered()
        assert call.trunk_id == own
        other = await lk.call(to="+15550001002", from_=CALLER)
        await other.until_answered()
        assert other.trunk_id not in {"", own}


async def test_a_draining_server_refuses_new_calls_and_keeps_those_that_are_up() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        up = await lk.call(to=NUMBER, from_=CALLER)
        await up.until_answered()
        lk.drain()
        late = await lk.call(to=NUMBER, from_=CALLER)
        assert (await late.until_ended()).status == 486
        assert up.ended is None


async def test_callers_of_a_server_that_is_down_are_told_to_try_again_later() -> None:
    async with simulated_livekit(speed=SPEED) as lk:
        lk.faults.is_down = True
        call = await lk.call(to=NUMBER, from_=CALLER)
        ended = await call.until_ended()
    assert (ended.status, ended.reason) == (503, EndReason.LOOK_UP_FAILED)
    assert call.messages == ["INVITE", "100", "503"]


async def test_a_flush_loses_everything_and_callers_hear_ringing() -> None:
    async with simulated_livekit(speed=SPEED) as lk, connected(lk) as client:
        lk.register_worker("tone")
        await a_rule(client, await a_trunk(client, NUMBER), agent="tone")
        up = await lk.call(to=NUMBER, from_=CALLER)
        await up.until_answered()
        lk.flush()
        trunks = await client.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
        rooms = await client.room.list_rooms(api.ListRoomsRequest())
        assert (len(trunks.items), len(rooms.rooms), up.ended) == (0, 0, None)
        lost = await lk.call(to=NUMBER, from_=CALLER)
        with pytest.raises(TimeoutError):
            await lost.until_ended(within_s=7)
