"""The guards of outbound calls over HTTP, judged by how often somebody's telephone is rung."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice, product

import pytest
from prometheus_client import REGISTRY

from cordboard.calls.model import EndReason
from cordboard.calls.outbound.reservations import reserve
from cordboard.simulated.livekit import Outcome
from tests.support.builders import a_name
from tests.support.numbers import registered
from tests.support.organizations import an_actor
from tests.support.outbound import CALLEE, Outbound, outbound

CREATE = "/api/calls/create-phone-call"
AT_ONCE = 200
ATTEMPTS = 1000
TOGETHER = 50

FORBIDDEN = {
    "+19005550123": "premium_rate",
    "+12129761234": "premium_rate",
    "+979123456789": "premium_rate",
    "+15005550006": "personal_number",
    "+447012345678": "personal_number",
    "+448451234567": "shared_cost",
    "+80812345678": "shared_cost",
    "+881612345678": "satellite",
    "+870773111632": "satellite",
    "+80012345678": "international_network",
    "+443001234567": "universal_number",
    "+4970012345678": "personal_number",
    "+12005551234": "invalid_number",
    "+16475550123": "other_region",
    "+18765230123": "other_region",
    "+18092345678": "other_region",
    "+17872345678": "other_region",
    "+441212345678": "other_region",
    "+390549886377": "other_region",
    "+2522123456": "other_region",
}


async def refusals(calls: Outbound, pairs: Iterator[tuple[str, str]]) -> Counter[tuple[int, str]]:
    """Ask for a call from a number to a number, for each pair; count what is answered."""
    found: Counter[tuple[int, str]] = Counter()
    while batch := list(islice(pairs, TOGETHER)):
        answers = await asyncio.gather(
            *(
                calls.ask("POST", CREATE, {"from_number": caller_id, "to_number": to})
                for caller_id, to in batch
            )
        )
        found.update((status, answer.get("code", "")) for status, answer in answers)
    return found


def counted(reason: str) -> float:
    value = REGISTRY.get_sample_value("cordboard_outbound_refusals_total", {"reason": reason})
    return value or 0.0


@pytest.mark.long(reason="1,000 requests over HTTP", seconds=240)
async def test_1000_attempts_at_forbidden_numbers_or_with_foreign_caller_ids_dial_nobody(
    database_url: str,
) -> None:
    async with outbound(database_url) as calls:
        world, own = calls.world, calls.number.phone_number
        world.lk.register_worker("desk")
        fields = {"outbound_agent_id": "desk", "outbound_trunk_id": "ST_outbound"}
        theirs = await registered(world.db, await an_actor(world.db), **fields)
        callers = (theirs.phone_number, "+14155550100", "+14155550101")
        foreign = product(callers, (CALLEE, "+14155550199"))
        before = {reason: counted(reason) for reason in FORBIDDEN.values()}

        wrong_place = await refusals(
            calls, islice(cycle((own, number) for number in FORBIDDEN), ATTEMPTS // 2)
        )
        wrong_caller = await refusals(calls, islice(cycle(foreign), ATTEMPTS // 2))

        assert wrong_place == {(403, "call.destination_refused"): ATTEMPTS // 2}
        assert wrong_caller == {(404, "phone_number.not_found"): ATTEMPTS // 2}
        assert await world.records() == []
        assert (calls.invites, world.sent("CreateDispatch")) == (0, 0)
        each = ATTEMPTS // 2 // len(FORBIDDEN)
        for reason, times in Counter(FORBIDDEN.values()).items():
            assert counted(reason) - before[reason] == each * times, reason

        calls.answers(Outcome(486))
        assert await refusals(calls, iter([(own, CALLEE)])) == {(200, ""): 1}
        await world.records_once(1, lambda call: call.ended_ms is not None)
        assert calls.invites == 1


@pytest.mark.long(reason="200 requests at once", seconds=120)
async def test_of_200_calls_asked_for_at_once_below_the_cap_one_is_taken(
    database_url: str,
) -> None:
    async with outbound(database_url, polls=False) as calls:
        world, own = calls.world, calls.number.phone_number
        for _ in range(4):
            await world.db.write(reserve, world.actor.organization_id, a_name("call"), 60_000)
        assert (await calls.ask("GET", "/api/calls"))[0] == 200
        answers = await asyncio.gather(
            *(
                calls.ask("POST", CREATE, {"from_number": own, "to_number": CALLEE})
                for _ in range(AT_ONCE)
            )
        )
        codes = Counter((status, answer.get("code", "")) for status, answer in answers)
        # A database that is too busy may refuse as well: then nothing was done.
        busy = codes.pop((503, "database.unavailable"), 0)
        assert codes == {(200, ""): 1, (429, "call.limit"): AT_ONCE - 1 - busy}
        texts = {answer["error"] for status, answer in answers if status == 429}
        assert texts == {"max_concurrent_calls: 5 calls are under way"}
        assert len(await world.records()) == 1


async def test_the_kill_switch_over_http_ends_what_is_up_and_lets_nothing_begin(
    database_url: str,
) -> None:
    async with outbound(database_url) as calls:
        world, own = calls.world, calls.number.phone_number
        world.lk.register_worker("desk")
        calls.answers(Outcome())
        for _ in range(2):
            await calls.place()
        await world.records_once(2, lambda call: call.answered_ms is not None)
        guards = f"/api/organizations/{calls.number.organization_id}/outbound-guards"
        status, stopped = await calls.ask("PATCH", guards, {"is_stopped": True})
        assert (status, stopped["data"]["is_stopped"]) == (200, True)
        assert await refusals(calls, iter([(own, CALLEE)])) == {(403, "call.stopped"): 1}
        ended = await world.records_once(2, lambda call: call.ended_ms is not None)
        assert {call.end_reason for call in ended} == {EndReason.STOPPED}
        assert calls.is_room_gone
        await calls.ask("PATCH", guards, {"is_stopped": False})
        assert await refusals(calls, iter([(own, CALLEE)])) == {(200, ""): 1}
        assert len(await world.records()) == 3


async def test_a_region_that_is_allowed_is_called(database_url: str) -> None:
    async with outbound(database_url) as calls:
        world, own = calls.world, calls.number.phone_number
        world.lk.register_worker("desk")
        jamaica = "+18765230123"
        calls.answers(Outcome(486), jamaica)
        guards = f"/api/organizations/{calls.number.organization_id}/outbound-guards"
        await calls.ask("PATCH", guards, {"allowed_regions": ["JM"]})
        asked = iter([(own, CALLEE), (own, jamaica)])
        assert await refusals(calls, asked) == {(403, "call.destination_refused"): 1, (200, ""): 1}
        await world.records_once(1, lambda call: call.ended_ms is not None)
        assert [invite.to for invite in world.lk.callees.dialled] == [jamaica]
