"""Calls that reach no agent end in so many words, or are never let in."""

import asyncio

from tests.scenarios.cordboard import has_ended
from tests.scenarios.stage import CARRIER, STRANGER, WITHIN_S, Line, Stage

NUMBER = "+14155550100"
UNKNOWN = "+14155550199"
MANY = 30


def heard(line: Line) -> list[str]:
    return [message for _, message in line.ladder]


async def test_a_call_to_an_unknown_number_is_refused_and_noted(stage: Stage) -> None:
    line = await stage.call(UNKNOWN)
    assert (await line.until_ended(WITHIN_S)).status == 486
    await stage.until_no_room_is_left()
    entry = await stage.cordboard.unmatched(UNKNOWN)
    assert (entry["reason"], entry["organization_id"]) == ("unknown_number", None)


async def test_a_call_to_an_unbound_number_is_refused_and_noted(stage: Stage) -> None:
    await stage.cordboard.create(NUMBER)
    line = await stage.call(NUMBER)
    assert (await line.until_ended(WITHIN_S)).status == 486
    await stage.until_no_room_is_left()
    assert (await stage.cordboard.unmatched(NUMBER))["reason"] == "unbound_number"
    await stage.cordboard.record(has_ended("unbound_number"))


async def test_many_refusals_in_a_row_all_end(stage: Stage) -> None:
    for _ in range(MANY):
        line = await stage.call(UNKNOWN)
        assert (await line.until_ended(WITHIN_S)).status == 486
    await stage.until_no_room_is_left()


async def test_a_call_from_a_foreign_address_is_never_answered_and_opens_no_room(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    foreign, forged = stage.a_caller(), stage.a_caller()
    lines = [
        await stage.call(NUMBER, from_=foreign, source=STRANGER),
        await stage.call(NUMBER, from_=forged, source=STRANGER, from_host=CARRIER),
    ]
    # Of a call that came later and is answered, the strangers would be in front.
    await stage.answered_call(NUMBER)
    await stage.cordboard.until_ready(NUMBER)
    lines.append(await stage.call(NUMBER, from_=foreign, source=STRANGER))
    await stage.answered_call(NUMBER)
    assert [heard(line) for line in lines] == [["INVITE", "100", "180"]] * 3
    assert not stage.events.of_room_with(foreign)
    assert not stage.events.of_room_with(forged)
    for line in lines:
        line.hang_up()
    ends = await asyncio.gather(*(line.until_ended(WITHIN_S) for line in lines))
    assert [end.status for end in ends] == [487] * 3
    assert len(desk.jobs) == 2
