"""Many calls while servers compete, die and hear nothing: each gets one agent, or an end.

``CALLS`` says how many: ``CALLS=1000 make e2e ARGS="-k three_servers"``.
"""

import asyncio
import os
from collections.abc import Callable, Sequence

import pytest

from cordboard.simulated.livekit import Moment
from tests.conftest import TRIED
from tests.scenarios.cordboard import CALLS, Cordboard, Record
from tests.scenarios.requests import Requests
from tests.scenarios.stage import Line, Stage, is_heard
from tests.support.answered import eventually

NUMBER = "+14155550100"
UNKNOWN = "+14155550199"
HEARD = ["INVITE", "100", "180", "200"]
REFUSED = ["INVITE", "100", "180", "486"]

WITH_THREE_SERVERS = int(os.environ.get("CALLS", "20"))
WITH_TROUBLE = int(os.environ.get("CALLS", "10"))
AT_ONCE = 5

PATIENCE_S = 60
"""A machine that is busy with all these calls is not a worker that fails."""

PATIENT = {
    "CORDBOARD_AGENT_JOIN_TIMEOUT": "50",
    "CORDBOARD_AGENT_AUDIO_TIMEOUT": "55",
    "CORDBOARD_RINGING_TIMEOUT": str(PATIENCE_S),
}
WITHOUT_PAIRS = {**PATIENT, "CORDBOARD_LIVEKIT_TOPOLOGY": "shared"}
"""Nobody but Cordboard sends for agents."""


async def all_answered(lines: Sequence[Line]) -> None:
    """Wait until every caller hears an agent."""
    are_heard = await asyncio.gather(*(is_heard(line, PATIENCE_S) for line in lines))
    assert all(are_heard), [line.ladder for line in lines]


async def all_hang_up(lines: Sequence[Line]) -> None:
    """Let every caller say goodbye, and wait until it is over."""
    for line in lines:
        line.hang_up()
    await asyncio.gather(*(line.until_ended(PATIENCE_S) for line in lines))


async def all_ended(stage: Stage, count: int, reason: str = "USER_HANGUP") -> list[Record]:
    """Return the records of calls once so many have ended, all for this reason."""

    async def look() -> list[Record] | None:
        listed = (await stage.cordboard.request("GET", f"{CALLS}?limit=1000")).data
        calls: list[Record] = listed["calls"]
        ended = [call for call in calls if call["disconnection_reason"] == reason]
        return calls if len(ended) >= count else None

    return await eventually(look, PATIENCE_S)


def said_after_s(lines: Sequence[Line]) -> list[float]:
    """Return when each caller heard an agent or a refusal, in seconds from the INVITE."""
    return [at_ms / 1000 for line in lines for at_ms, said in line.ladder if said in {"200", "486"}]


def summary(after_s: list[float]) -> str:
    """Return how many calls there were and how long they rang."""
    half, longest = sorted(after_s)[len(after_s) // 2], max(after_s)
    return f"{len(after_s)} calls, rang for {half:.2f} s (p50), {longest:.2f} s (p100)"


def heard(line: Line) -> list[str]:
    """Return what a caller was told."""
    return [message for _, message in line.ladder]


@pytest.mark.on_both_databases
@pytest.mark.long(
    reason="many calls whose every event goes to 3 servers",
    seconds=120 + 2 * WITH_THREE_SERVERS,
)
async def test_each_event_at_three_servers_makes_one_record_and_brings_one_agent(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.restart(**WITHOUT_PAIRS)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    after_s: list[float] = []
    async with stage.cordboard.others(2):
        for _ in range(WITH_THREE_SERVERS // AT_ONCE):
            lines = [await stage.call(NUMBER) for _ in range(AT_ONCE)]
            await all_answered(lines)
            after_s += said_after_s(lines)
            await all_hang_up(lines)
        records = await all_ended(stage, WITH_THREE_SERVERS)
    assert len(records) == len(desk.jobs) == len(after_s) == WITH_THREE_SERVERS
    assert len({job.room for job in desk.jobs}) == WITH_THREE_SERVERS
    record_property(TRIED, summary(after_s))


async def calls_under_a_kill(stage: Stage, requests: Requests) -> list[Line]:
    """Kill the server once it sends for the agents of calls; it reaches nobody with that."""
    asked: list[str] = []
    is_dead = asyncio.Event()

    async def lose(method: str, _: Moment) -> bool:
        if method != "CreateDispatch":
            return True
        asked.append(method)
        await is_dead.wait()
        return False

    async def is_asked_for_all() -> bool | None:
        return len(asked) >= AT_ONCE or None

    requests.told = lose
    lines = [await stage.call(NUMBER) for _ in range(AT_ONCE)]
    await eventually(is_asked_for_all, PATIENCE_S)
    await stage.cordboard.kill()
    requests.pass_everything_on()
    is_dead.set()
    return lines


async def calls_through_kills(stage: Stage, other: Cordboard | None, requests: Requests) -> str:
    """Kill the server under calls until they are enough; return how long they rang.

    ``other`` runs already, and gets events once the first is dead; with None, the first is started
    again. Each caller is answered by whoever is there.
    """
    desk = await stage.worker("desk")
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    after_s: list[float] = []
    for turn in range(WITH_TROUBLE // AT_ONCE):
        if other is not None:
            other.hear_nothing()
        lines = await calls_under_a_kill(stage, requests)
        if other is None:
            assert len(desk.jobs) == turn * AT_ONCE
            await stage.cordboard.start()
        else:
            other.hear()
        await all_answered(lines)
        assert [heard(line) for line in lines] == [HEARD] * AT_ONCE
        after_s += said_after_s(lines)
        await all_hang_up(lines)
        if other is not None:
            await stage.cordboard.start()
    records = await all_ended(stage, WITH_TROUBLE)
    assert len(records) == len(desk.jobs) == len({job.room for job in desk.jobs}) == WITH_TROUBLE
    return summary(after_s)


@pytest.mark.on_both_databases
@pytest.mark.long(reason="kills a server under ringing calls", seconds=120 + 4 * WITH_TROUBLE)
async def test_calls_whose_server_dies_before_it_has_sent_for_their_agents_are_answered_by_the_next(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    async with stage.requests(**WITHOUT_PAIRS) as requests:
        record_property(TRIED, await calls_through_kills(stage, None, requests))


@pytest.mark.on_both_databases
@pytest.mark.long(reason="kills one of two servers under calls", seconds=120 + 4 * WITH_TROUBLE)
async def test_calls_whose_server_dies_before_it_has_sent_for_their_agents_are_answered_by_another(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    async with (
        stage.requests(**WITHOUT_PAIRS) as requests,
        stage.cordboard.others(1, CORDBOARD_LIVEKIT_URL="") as (other,),
    ):
        record_property(TRIED, await calls_through_kills(stage, other, requests))


@pytest.mark.long(reason="many calls of which no event arrives", seconds=120 + WITH_TROUBLE)
async def test_calls_of_which_no_event_arrives_are_answered_or_refused(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    desk = await stage.worker("desk")
    await stage.cordboard.restart(**WITHOUT_PAIRS)
    await stage.cordboard.create(NUMBER, inbound_agent_id="desk")
    stage.events.targets.clear()
    after_s: list[float] = []
    answered = 0
    for _ in range(WITH_TROUBLE // AT_ONCE):
        lines = [await stage.call(NUMBER) for _ in range(AT_ONCE - 1)]
        refused = await stage.call(UNKNOWN)
        await all_answered(lines)
        await refused.until_ended(PATIENCE_S)
        assert [heard(line) for line in [*lines, refused]] == [HEARD] * len(lines) + [REFUSED]
        after_s += said_after_s([*lines, refused])
        answered += len(lines)
        await all_hang_up(lines)
    # Who hung up is told by an event alone.
    records = await all_ended(stage, answered, "CONNECTION_LOST")
    assert len(records) == len(desk.jobs) == len({job.room for job in desk.jobs}) == answered
    record_property(TRIED, summary(after_s))
