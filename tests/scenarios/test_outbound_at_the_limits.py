"""Calls out when too many are asked for at once, and where none may go."""

import asyncio
from collections import Counter
from itertools import cycle, islice, product

import pytest

from tests.scenarios.cordboard import CALLS, is_answered
from tests.scenarios.stage import Stage
from tests.scenarios.test_outbound_calls import CALLEE, NUMBER, PATH, call_out, may_call_out

CAP = 2
AT_ONCE = 200
ATTEMPTS = 1_000
TOGETHER = 50
FORBIDDEN = (
    "+19005550123",
    "+12129761234",
    "+448451234567",
    "+881612345678",
    "+80012345678",
    "+442079460000",
    "+18765230123",
    "+16475550123",
    "+911",
)
"""Premium, shared-cost, satellite and international ranges, other regions, an emergency number."""

THEIRS = "+14155550199"
"""A number of another organization."""

FOREIGN = (THEIRS, CALLEE)
"""Numbers that are not the organization's own; the second is nobody's here."""


@pytest.mark.on_both_databases
async def test_of_200_calls_asked_for_at_once_below_the_cap_one_is_dialled(stage: Stage) -> None:
    await stage.worker("desk")
    await may_call_out(stage)
    organization = (await stage.cordboard.request("GET", "/api/phone-numbers")).data
    guards = f"/api/organizations/{organization['organization_id']}/outbound-guards"
    await stage.cordboard.request("PATCH", guards, {"max_concurrent_calls": CAP})
    await call_out(stage)
    await stage.cordboard.record(is_answered)
    body = {"from_number": NUMBER, "to_number": CALLEE}
    answers = await stage.cordboard.requests_at_once("POST", PATH, body, AT_ONCE)
    statuses = Counter(answer.status for answer in answers)
    # A database that is too busy may refuse as well: then nothing was done.
    busy = statuses.pop(503, 0)
    assert statuses == {200: 1, 429: AT_ONCE - 1 - busy}
    (placed,) = [answer for answer in answers if answer.status == 200]
    call_id = placed.data["call"]["call_id"]
    await stage.cordboard.record(lambda it: it["call_id"] == call_id and is_answered(it))
    assert len(stage.dialled) == CAP


@pytest.mark.long(reason="1,000 requests over HTTP", seconds=120)
async def test_1000_attempts_at_forbidden_numbers_or_with_foreign_caller_ids_dial_nobody(
    stage: Stage,
) -> None:
    desk = await stage.worker("desk")
    await may_call_out(stage)
    other = await stage.cordboard.other_organization()
    await asyncio.to_thread(other.create, THEIRS)
    wrong_place = [{"from_number": NUMBER, "to_number": to} for to in FORBIDDEN]
    wrong_caller = [
        {"from_number": from_, "to_number": to}
        for from_, to in product(FOREIGN, ("+14155550187", "+14155550188"))
    ]
    statuses: Counter[int] = Counter()
    for bodies in (wrong_place, wrong_caller):
        for body in islice(cycle(bodies), ATTEMPTS // 2 // TOGETHER):
            answers = await stage.cordboard.requests_at_once("POST", PATH, body, TOGETHER)
            statuses.update(answer.status for answer in answers)
    assert statuses[403] + statuses[400] == statuses[404] == ATTEMPTS // 2
    assert (await stage.cordboard.request("GET", CALLS)).data["calls"] == []
    assert (list(stage.dialled), desk.jobs) == ([], [])
