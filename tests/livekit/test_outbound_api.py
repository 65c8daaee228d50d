"""Outbound calls over HTTP: the published answer, one call per key, and where they show."""

import asyncio
from typing import Any

from cordboard.calls.outbound.reservations import change_guards
from cordboard.simulated.livekit import Outcome
from tests.support.answered import eventually
from tests.support.outbound import CALLEE, Outbound, outbound

CALLS = "/api/calls"
CREATE = f"{CALLS}/create-phone-call"
AT_ONCE = 12


def body_of(calls: Outbound, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - as the field is
    return {"from_number": calls.number.phone_number, "to_number": CALLEE, **fields}


async def test_the_answer_is_the_published_one(database_url: str) -> None:
    async with outbound(database_url) as calls:
        number, organization = calls.number.phone_number, calls.number.organization_id
        status, answer = await calls.ask("POST", CREATE, body_of(calls, metadata={"ticket": "T"}))
        assert (status, answer["message"]) == (200, "Phone call created and initiated successfully")
        data = answer["data"]
        assert data["call"].pop("call_id").startswith("call_")
        assert data["call"].pop("created_at").endswith("Z")
        assert data == {
            "organization_id": organization,
            "call_type": "phone_call",
            "status": "call_initiated",
            "call": {
                "agent_id": "desk",
                "organization_id": organization,
                "call_status": "ONGOING",
                "call_type": "PHONE_CALL",
                "from_number": number,
                "to_number": CALLEE,
                "direction": "OUTBOUND",
            },
            "phone_call_info": {
                "from_number": number,
                "to_number": CALLEE,
                "direction": "outbound",
                "call_status": "ongoing",
            },
        }


async def test_a_call_shows_where_calls_are_shown(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.answers(Outcome(486))
        wanted = body_of(calls, metadata={"ticket": "T"})
        call_id = (await calls.ask("POST", CREATE, wanted))[1]["data"]["call"]["call_id"]
        listed = (await calls.ask("GET", f"{CALLS}?call_status=ONGOING"))[1]["data"]["calls"]
        assert [(call["call_id"], call["call_status"]) for call in listed] == [(call_id, "ONGOING")]

        async def over() -> Any:  # noqa: ANN401 - as the wire has it
            shown = (await calls.ask("GET", f"{CALLS}/{call_id}"))[1]["data"]
            return shown if shown["call_status"] == "ENDED" else None

        call = await eventually(over)
        assert {
            "direction": "OUTBOUND",
            "from_number": calls.number.phone_number,
            "to_number": CALLEE,
            "metadata": {"ticket": "T"},
            "end_reason": "busy",
            "disconnection_reason": "BUSY",
            "sip_status": 486,
            "call_duration": 0,
            "agent_version": 1,
        }.items() <= call.items()
        happened = ["Call started - OUTBOUND", "Call dialled", "Call ended"]
        assert [event["event"] for event in call["events"]] == happened


async def test_the_record_of_a_call_is_noted_on_and_deleted_as_any_other(database_url: str) -> None:
    async with outbound(database_url) as calls:
        wanted = body_of(calls, metadata={"ticket": "T"})
        call_id = (await calls.ask("POST", CREATE, wanted))[1]["data"]["call"]["call_id"]
        one = f"{CALLS}/{call_id}"
        assert (await calls.ask("DELETE", one))[1]["code"] == "call.in_progress"
        changed = (await calls.ask("PUT", one, {"metadata": {"more": 1}}))[1]["data"]["call"]
        assert changed["metadata"] == {"ticket": "T", "more": 1}
        context = (await calls.ask("GET", f"{one}/context"))[1]["data"]
        assert (context["agent_id"], context["agent_version"]) == ("desk", 1)
        await calls.world.records_once(1, lambda call: call.ended_ms is not None)
        assert (await calls.ask("DELETE", one))[0] == 200
        assert (await calls.ask("GET", one))[0] == 404


async def test_a_key_makes_one_call_however_often_it_is_sent(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.answers(Outcome(486))
        key = {"Idempotency-Key": "one"}
        asked = [calls.ask("POST", CREATE, body_of(calls), key) for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*asked)
        assert {status for status, _ in answers} == {200}
        assert len({answer["data"]["call"]["call_id"] for _, answer in answers}) == 1
        await calls.world.records_once(1, lambda call: call.ended_ms is not None)
        assert (await calls.ask("POST", CREATE, body_of(calls), key))[0] == 200
        assert (await calls.ask("POST", CREATE, body_of(calls, metadata={}), key))[0] == 409
        assert calls.invites == len(await calls.world.records()) == 1


async def test_an_override_talks_in_place_of_the_numbers_own_agent(database_url: str) -> None:
    async with outbound(database_url) as calls:
        desk, other = (calls.world.lk.register_worker(name) for name in ("desk", "other"))
        calls.answers(Outcome(486))
        wanted = body_of(calls, override_agent_id="other", override_agent_version=3)
        assert (await calls.ask("POST", CREATE, wanted))[0] == 200
        (call,) = await calls.world.records_once(1, lambda call: call.ended_ms is not None)
        assert call.target is not None
        assert (call.target.agent_id, call.target.agent_version) == ("other", 3)
        assert (len(desk.jobs), len(other.jobs)) == (0, 1)


async def test_while_calls_are_stopped_none_is_taken(database_url: str) -> None:
    async with outbound(database_url) as calls:
        world = calls.world
        await world.db.write(change_guards, world.actor, {"is_stopped": True})
        status, answer = await calls.ask("POST", CREATE, body_of(calls))
        assert (status, answer["code"]) == (403, "call.stopped")
        assert await world.records() == []


async def test_a_call_is_ended_over_http(database_url: str) -> None:
    async with outbound(database_url) as calls:
        calls.world.lk.register_worker("desk")
        calls.answers(Outcome(None))
        placed = (await calls.ask("POST", CREATE, body_of(calls)))[1]["data"]["call"]
        await calls.reached("ringing")
        end = f"{CALLS}/{placed['call_id']}/end"
        assert (await calls.ask("POST", end))[0] == 200
        (call,) = await calls.world.records_once(1, lambda call: call.ended_ms is not None)
        assert call.end_reason == "ended_by_request"
        assert (await calls.ask("DELETE", f"{CALLS}/{call.call_id}"))[0] == 200
