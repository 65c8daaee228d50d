"""Lost, late, repeated and forged events, and several deciders: one record, one agent."""

import asyncio
import base64
import hashlib
import json
import time
from typing import Any

import aiohttp
import jwt

from cordboard.calls import operations
from cordboard.calls.model import Call, EndReason
from cordboard.routing.livekit_shapes import Room
from cordboard.simulated.livekit import Fault, FaultKind
from tests.support.answered import Answered, answered, eventually
from tests.support.builders import a_number
from tests.support.reconciled import CLUSTER

WITHIN_S = 10
SAME_TIME = 12


def has_ended(call: Call) -> bool:
    return call.ended_ms is not None


def joined(to: str, rule_id: str, number: int = 1, event: str = "participant_joined") -> bytes:
    now_ms = time.time_ns() // 1_000_000
    body: dict[str, Any] = {
        "event": event,
        "id": f"EV_{event}_{number}",
        "createdAt": str(now_ms // 1000),
        "room": {"sid": f"RM_{number}", "name": f"call_+12125550100_{number}"},
        "participant": {
            "sid": f"PA_{number}",
            "kind": "SIP",
            "joinedAtMs": str(now_ms),
            "attributes": {
                "sip.callID": f"SCL_{number}",
                "sip.ruleID": rule_id,
                "sip.trunkPhoneNumber": to,
                "sip.phoneNumber": "+12125550100",
            },
        },
    }
    return json.dumps(body).encode()


def hash_of(raw: bytes) -> str:
    return base64.b64encode(hashlib.sha256(raw).digest()).decode()


async def posted(world: Answered, raw: bytes, **claims: object) -> tuple[int, str]:
    """Send an event as LiveKit does, and return the answer's status and code."""
    content = {"iss": world.lk.api_key, "exp": int(time.time()) + 300, "sha256": hash_of(raw)}
    token = jwt.encode({**content, **claims}, world.lk.api_secret, "HS256")
    headers = {"Authorization": token, "Content-Type": "application/webhook+json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(world.events_url, data=raw, headers=headers) as answer,
    ):
        text = await answer.text()
        return answer.status, json.loads(text)["code"] if text else ""


def catch_all_rule(world: Answered) -> str:
    (rule_id,) = world.lk.sip.rules
    return rule_id


async def test_only_signed_events_of_a_configured_key_are_taken(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register(None)
        raw = joined(number.phone_number, catch_all_rule(world))
        refused = (401, "livekit.event_unverified")
        assert await posted(world, raw, iss="another_key") == refused
        assert await posted(world, raw, sha256=hash_of(b"other")) == refused
        assert await posted(world, raw, exp=int(time.time()) - 3600) == refused
        assert await posted(world, b"x" * 300_000) == (413, "request.too_large")
        assert await posted(world, b"no event") == (400, "validation.json")
        assert await world.records() == []
        assert (await posted(world, raw))[0] == 200
        assert len(await world.records()) == 1


async def test_an_event_that_comes_twice_is_acknowledged_and_does_nothing(
    database_url: str,
) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register(None)
        raw = joined(number.phone_number, catch_all_rule(world))
        assert (await posted(world, raw))[0] == 200
        before = await world.records()
        assert (await posted(world, raw))[0] == 200
        after = await world.records()
        assert [call.call_id for call in after] == [call.call_id for call in before]


async def test_a_call_by_a_foreign_rule_is_not_recorded(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        number = await world.register("desk")
        assert (await posted(world, joined(number.phone_number, "SDR_foreign")))[0] == 200
        assert await world.records() == []
        assert world.sent("CreateDispatch") == 0


async def test_of_many_deciders_one_sends_for_the_agent(database_url: str) -> None:
    async with answered(database_url, events=False, polls=False) as world:
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        world.deciders += [world.decider(), world.decider()]
        callers = [await world.call(number.phone_number) for _ in range(SAME_TIME)]
        await asyncio.sleep(1.7)
        for _ in range(3):
            await asyncio.gather(*(decider.poll() for decider in world.deciders))
            await asyncio.sleep(0.3)
        await asyncio.gather(*(caller.until_answered(WITHIN_S) for caller in callers))
        assert len(await world.records()) == SAME_TIME
        assert len({job.room for job in desk.jobs}) == len(desk.jobs) == SAME_TIME


async def test_a_decider_that_dies_before_the_dispatch_is_made_up_for(database_url: str) -> None:
    async with answered(database_url, events=False, polls=False) as world:
        world.lk.register_worker("desk")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)

        async def ringing() -> Room | None:
            return next((r for r in await world.livekit.list_rooms() if r.participants), None)

        found = await eventually(ringing)
        (person,) = await world.livekit.list_participants(found.name)
        leg = operations.leg_of(person.attributes, person.joined_ms)
        room = (found.sid, found.name)
        taken = await world.db.write(operations.observe, CLUSTER, room, [], leg)
        assert taken is not None
        assert world.sent("CreateDispatch") == 0
        await asyncio.sleep(1.6)
        await world.deciders[0].poll()
        await caller.until_answered(WITHIN_S)
        assert world.sent("CreateDispatch") == 1


async def test_a_lost_answer_to_a_dispatch_brings_no_second_agent(database_url: str) -> None:
    async with answered(database_url) as world:
        desk = world.lk.register_worker("desk")
        number = await world.register("desk")
        world.lk.faults.add(Fault("CreateDispatch", FaultKind.LOST_ANSWER))
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        call = await world.record(lambda call: bool(call.dispatch_id))
        assert call.answered_ms is not None
        assert len(desk.jobs) == 1


async def test_a_customer_ends_a_call(database_url: str) -> None:
    async with answered(database_url) as world:
        world.lk.register_worker("desk")
        number = await world.register("desk")
        caller = await world.call(number.phone_number)
        await caller.until_answered(WITHIN_S)
        up = await world.record(lambda call: call.answered_ms is not None)
        ending = await world.db.write(operations.end_call, world.actor, up.call_id)
        world.deciders[0].notice(ending)
        await caller.until_ended(WITHIN_S)
        assert (await world.record(has_ended)).end_reason is EndReason.ENDED_BY_REQUEST


async def test_a_room_is_never_closed_before_its_caller_can_be_told(database_url: str) -> None:
    async with answered(database_url, polls=False) as world:
        callers = [await world.call(a_number()) for _ in range(SAME_TIME)]
        ends = await asyncio.gather(*(caller.until_ended(WITHIN_S) for caller in callers))
        assert [end.status for end in ends] == [486] * SAME_TIME
